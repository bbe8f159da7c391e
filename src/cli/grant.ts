import { grant as letIn, revokeGrant } from "../operations/index.ts";
import { ROLE_NAMES } from "../tenant/identitySeeds.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { assertEmail, UsageError } from "./usage.ts";
import type { CommonOptions, Verb } from "./verb.ts";

interface GrantOptions extends CommonOptions {
  readonly operator?: string;
  readonly role?: string;
  readonly revoke?: boolean;
}

const DEFAULT_ROLE = "TenantManagement";

/** `tenantry grant`: lets an operator of the platform into a tenant. */
export const grant: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to be let into")
      .option("--operator <address>", "who is let in")
      .option("--role <role>", "as what: one of the tenant's ten roles", DEFAULT_ROLE)
      .option("--revoke", "take it back")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options: GrantOptions = raw;
    assertSlug(slug, environmentNames(context.root));
    const { operator, role = DEFAULT_ROLE, revoke = false } = options;
    if (operator === undefined)
      throw new UsageError("`grant`: name who is let in with `--operator <address>`.");
    assertEmail("--operator", operator);
    if (!(ROLE_NAMES as readonly string[]).includes(role))
      throw new UsageError(`\`--role\`: expected ${ROLE_NAMES.join(", ")}; got '${role}'.`);
    return runOperation(slug, options, context, async (operation) => {
      const { hasChanged, operators } = revoke
        ? await revokeGrant(operation, slug, operator)
        : await letIn(operation, slug, { operator, role });
      const state = revoke ? "may not come in" : `may come in as ${role}`;
      const summary = hasChanged ? `${operator} ${state}` : `${operator} ${state} already, no changes`;
      return { summary, details: { hasChanged, operators } };
    });
  },
};

const HELP = `
The tenant's database has a row for each operator (\`tenantry.operator\`), master one too, so that a restore lets in whoever is
let in now.

Examples:
  tenantry grant acme --operator me@example.com
  tenantry grant acme --operator me@example.com --role DashboardViewer
  tenantry grant acme --operator me@example.com --revoke
`;
