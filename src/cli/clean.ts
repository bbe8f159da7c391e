import { clean as cleanTenant } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import type { Verb } from "./verb.ts";

/** `tenantry clean`: factory reset of a tenant's database. */
export const clean: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant whose data is deleted")
      .option("--confirm <slug>", "the slug once more; needed")
      .addHelpText("after", HELP),
  run: async ([slug = ""], options, context) => {
    assertSlug(slug, environmentNames(context.root));
    const confirm = options.confirm as string | undefined;
    return runOperation(slug, options, context, async (operation) => {
      const cleaned = await cleanTenant(operation, slug, confirm);
      return { summary: `database '${cleaned.database}' is as on its first day`, details: cleaned };
    });
  },
};

const HELP = `
Everything in the tenant's database goes; migrations, settings and admin are seeded again, with a new invitation. Database name,
role, password and secret stay, and so do backups.

Example:
  tenantry clean acme --confirm acme
`;
