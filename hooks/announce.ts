import { defineListener } from "tenantry/listeners";

/** Says where a new tenant answers: an example, and a line to copy from the run's output. docs/listeners.md tells the rest. */
export const listener = defineListener({
  stopsOperation: false,
  onTenantCreated: ({ displayName, hosts: [host] }, { log }) =>
    log(`${displayName} answers at https://${host}`),
});
