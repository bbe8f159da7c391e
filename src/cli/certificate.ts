import { certificate as certify } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { openOperation } from "./openOperation.ts";
import type { Verb } from "./verb.ts";

/** `tenantry certificate`: prints what was destroyed of a purged tenant, as JSON. */
export const certificate: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "purged tenant")
      .option("--life <id>", "only that life: needed where the slug lives again")
      .addHelpText(
        "after",
        `
What was destroyed, when, by whom, and what outlives it until when, from master's rows (docs/documents.md).

Example:
  tenantry certificate acme > acme-certificate.json
`,
      ),
  run: async ([slug = ""], options, context) => {
    assertSlug(slug, environmentNames(context.root));
    const life = options.life as string | undefined;
    const certified = await openOperation(options, context, (operation) => certify(operation, slug, life));
    context.io.out(`${JSON.stringify(certified, null, 2)}\n`);
    return 0;
  },
};
