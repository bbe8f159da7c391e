import { resolve } from "node:path";
import { restore as restoreTenant } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import type { CommonOptions, Verb } from "./verb.ts";

interface RestoreOptions extends CommonOptions {
  readonly file: string;
  readonly database?: string;
  readonly fromDatabase?: string;
}

/** `tenantry restore`: puts a backup's data in the place of a tenant's. */
export const restore: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant whose data is replaced; one without a life gets one from its entry first")
      .requiredOption("--file <path>", "a backup, or a dump of `tenantry dump` or `pg_dump --format=custom`")
      .option("--database <name>", "the tenant's database, where its name isn't the backup's")
      .option(
        "--from-database <name>",
        "the database that the backup was made of, where it isn't the tenant's",
      )
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options = raw as CommonOptions & Record<string, unknown> & RestoreOptions;
    assertSlug(slug, environmentNames(context.root));
    const { database, fromDatabase } = options;
    return runOperation(slug, options, context, async (operation) => {
      const restored = await restoreTenant(operation, slug, {
        file: resolve(options.file),
        ...(database === undefined ? {} : { database }),
        ...(fromDatabase === undefined ? {} : { fromDatabase }),
      });
      const { tables, rows, kept } = restored;
      const until = kept.keptUntil.toISOString().slice(0, 10);
      return {
        summary: `restored ${tables} tables with ${rows} rows; the database of before is kept as ${kept.name} until ${until}`,
        details: restored,
      };
    });
  },
};

const HELP = `
The backup is restored into a new database, compared with its manifest and migrated; then it takes the place of the tenant's in
one transaction. Until then nothing has changed. A suspended tenant stays suspended.

Examples:
  tenantry restore acme --file acme.tar.gz
  tenantry restore acme-test --file acme.tar.gz --from-database tenant_acme
`;
