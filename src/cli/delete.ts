import { runStatusChange } from "./statusVerb.ts";
import type { Verb } from "./verb.ts";

/** `tenantry delete`: takes a tenant out of service and backs it up; its data stay until retention is over. */
export const deleteVerb: Verb = {
  configure: (command) => command.argument("<slug>", "tenant to delete"),
  run: ([slug = ""], options, context) => runStatusChange(slug, { verb: "delete" }, options, context),
};
