import { attach as attachTenant } from "../operations/index.ts";
import { assertSlug, environmentNames, UserError } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { UsageError } from "./usage.ts";
import type { CommonOptions, Verb } from "./verb.ts";

interface AttachOptions extends CommonOptions {
  readonly from?: string;
  readonly database?: string;
  readonly server?: string;
  readonly displayName?: string;
  readonly legalName?: string;
  readonly adminEmail?: string;
  readonly plan?: string;
  readonly migrate?: boolean;
  readonly dryRun?: boolean;
}

/** `tenantry attach`: makes a database that is there a tenant's, with its data. */
export const attach: Verb = {
  configure: (command) =>
    command
      .argument("[slug]", "tenant that gets the database")
      .option("--from <list>", "many at once by a list: not built yet, refused by name")
      .option("--database <name>", "the database, as it is called now; it keeps its name")
      .option("--server <name>", "where it is; default: the one active server that has it")
      .option(
        "--display-name <name>",
        "the name people see; with `--admin-email`, writes the entry where there is none",
      )
      .option("--admin-email <address>", "receives the invitation")
      .option("--legal-name <name>", "the name on contracts")
      .option("--plan <plan>", "one of plans/*.yaml")
      .option(
        "--migrate",
        "run the migrations that are missing; else a new entry holds the tenant where it is",
      )
      .option("--dry-run", "look and judge, write nothing")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const { from, database, migrate, dryRun, ...options }: AttachOptions = raw;
    if (from !== undefined)
      throw new UserError("E_NOT_SUPPORTED", "`attach --from` is not built yet; attach each by itself.");
    if (database === undefined) throw new UsageError("`attach`: name the database with `--database`.");
    assertSlug(slug, environmentNames(context.root));
    return runOperation(slug, options, context, async (operation) => {
      const shouldMigrate = migrate === true;
      const isDryRun = dryRun === true;
      const attached = await attachTenant(operation, slug, { ...options, database, shouldMigrate, isDryRun });
      const { outcome, server, missing } = attached;
      const migrations =
        missing.length === 0 || shouldMigrate ? "" : `, ${missing.length} migrations missing`;
      return { summary: `${outcome}: database '${database}' on '${server}'${migrations}`, details: attached };
    });
  },
};

const HELP = `
The database keeps its name and its data; its owner becomes the tenant's role, and so does the owner of everything in it. Only
schema \`tenantry\` is added. The server's admin has to be allowed to act for the present owners: a refusal says what to grant.

Example:
  tenantry attach acme --database legacy_acme --display-name "Acme Health" --admin-email admin@acme.example
`;
