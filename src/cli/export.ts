import { exportTenant } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { openOperation } from "./openOperation.ts";
import type { Verb } from "./verb.ts";

/** `tenantry export`: prints a tenant's configuration and registration as JSON. */
export const exportVerb: Verb = {
  configure: (command) =>
    command.argument("<slug>", "tenant to export").addHelpText(
      "after",
      `
Entry and registration as one JSON value (docs/documents.md); names of secrets, never their values. Its data: \`tenantry dump\`.

Example:
  tenantry export acme > acme.json
`,
    ),
  run: async ([slug = ""], options, context) => {
    assertSlug(slug, environmentNames(context.root));
    const exported = await openOperation(options, context, (operation) => exportTenant(operation, slug));
    context.io.out(`${JSON.stringify(exported, null, 2)}\n`);
    return 0;
  },
};
