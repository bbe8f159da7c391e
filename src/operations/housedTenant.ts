import { ensureTenantSchema, loadMigrations, TENANT_SCHEMA_SQL } from "../hooks/index.ts";
import { readRecord, type TenantRow } from "../registry/index.ts";
import type { MigrationPlan } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { loadEntry } from "../tenant/load.ts";
import { loadTenant } from "../tenant/select.ts";
import type { BackupSource } from "../transfer/index.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";

/** A tenant that has data, and where. */
export interface HousedTenant extends TenantRow {
  readonly server: string;
}

/** The record of a tenant that was active once and isn't being purged. Throws `E_ILLEGAL_TRANSITION` for any other. */
export async function requireHoused(context: OperationContext, slug: string): Promise<HousedTenant> {
  const record = await context.access.withMaster((client) => readRecord(client, slug));
  if (record === undefined) throw missingRecord(slug);
  const { server, status, activeAt } = record;
  if (server !== null && activeAt !== null && status !== "purging") return { ...record, server };
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' is '${status}' and holds no data to work with; expected 'active', 'suspended' or 'deleted'.`,
  );
}

/** How the tenant's database is migrated: as its entry says, or the environment where the entry is gone. */
export function migrationPlanOf({ root, config }: OperationContext, slug: string): MigrationPlan {
  return loadEntry(root, slug) === undefined ? config.migrations : loadTenant(root, slug, config).migrations;
}

/**
 * Runs `body` with what a backup is made from, as the admin of the tenant's server. Schema `tenantry` is brought to this release's
 * first: an archive carries that one.
 */
export async function withBackupSource<T>(
  context: OperationContext,
  { id: tenantId, slug, server, databaseName: database, roleName: role }: HousedTenant,
  body: (source: BackupSource) => Promise<T>,
): Promise<T> {
  const files = await loadMigrations(migrationPlanOf(context, slug), context.root, slug);
  const content = { baseSql: TENANT_SCHEMA_SQL, files };
  await context.access.withDatabase({ server, database }, (client) =>
    ensureTenantSchema({ slug, client, role }),
  );
  return context.access.withAdmin(server, (admin) =>
    body({ slug, tenantId, admin, database, role, content }),
  );
}
