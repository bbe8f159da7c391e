import { runStatusChange } from "./statusVerb.ts";
import type { Verb } from "./verb.ts";

/** `tenantry suspend`: shuts a tenant out until it is resumed; backups and migrations go on. */
export const suspend: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to suspend")
      .option("--reason <words>", "why: stands in the entry, the record and the audit"),
  run: ([slug = ""], options, context) => {
    const { reason } = options;
    const change = { verb: "suspend", ...(typeof reason === "string" ? { reason } : {}) } as const;
    return runStatusChange(slug, change, options, context);
  },
};
