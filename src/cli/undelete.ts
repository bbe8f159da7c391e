import { runStatusChange } from "./statusVerb.ts";
import type { Verb } from "./verb.ts";

/** `tenantry undelete`: brings a deleted tenant back as it was before the delete. */
export const undelete: Verb = {
  configure: (command) => command.argument("<slug>", "deleted tenant to bring back"),
  run: ([slug = ""], options, context) => runStatusChange(slug, { verb: "undelete" }, options, context),
};
