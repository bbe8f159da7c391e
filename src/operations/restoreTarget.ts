import { UserError } from "../tenant/errors.ts";
import { entryPath } from "../tenant/load.ts";
import type { BackupOrigin } from "../transfer/index.ts";

/** What a command line says about the names on both sides of a restore. */
export interface RestoreNames {
  readonly database?: string;
  readonly fromDatabase?: string;
}

/** The tenant's database has its name for life: `--database` can only say that it is known. Throws `E_IMMUTABLE`. Pure. */
export function assertTarget(slug: string, { database }: RestoreNames, own: string): void {
  if (database === undefined || database === own) return;
  throw new UserError(
    "E_IMMUTABLE",
    `Tenant '${slug}': its database is '${own}' and never changes; got \`--database ${database}\`. Nothing was touched.`,
    {
      hint: `A slug without a life gets the database that 'database' in ${entryPath(slug)} names. To have the data elsewhere as well, restore into a tenant of its own.`,
    },
  );
}

/** A backup of another database is taken only where its name is said. Throws `E_CONFIRM`. Pure. */
export function assertOrigin(
  slug: string,
  { database, fromDatabase }: RestoreNames,
  origin: BackupOrigin,
  own: string,
): void {
  const found = origin.database;
  if (found === undefined) return;
  const isMeant = fromDatabase === undefined ? found === own || database === own : fromDatabase === found;
  if (isMeant) return;
  const whose = origin.slug === undefined ? "" : ` of tenant '${origin.slug}'`;
  const got = fromDatabase === undefined ? "none" : `\`--from-database ${fromDatabase}\``;
  throw new UserError(
    "E_CONFIRM",
    `Restore of tenant '${slug}' into '${own}': the backup is of database '${found}'${whose}; expected \`--from-database ${found}\`, got ${got}. Nothing was touched.`,
  );
}
