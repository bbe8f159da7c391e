import { runStatusChange } from "./statusVerb.ts";
import type { Verb } from "./verb.ts";

/** `tenantry resume`: makes a suspended tenant active again. */
export const resume: Verb = {
  configure: (command) => command.argument("<slug>", "tenant to resume"),
  run: ([slug = ""], options, context) => runStatusChange(slug, { verb: "resume" }, options, context),
};
