import { appendAudit, readClock } from "../registry/index.ts";
import { type TakenBackup, writeBackup } from "../transfer/index.ts";
import type { OperationContext } from "./context.ts";
import { requireHoused, withBackupSource } from "./housedTenant.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/**
 * Copies a tenant's database into a file of the caller's, at one moment; a file of that name is replaced when the new one is
 * whole. The file is nobody's but the caller's: it has no row, is never pruned and outlives a purge. Works for suspended and
 * deleted tenants. Throws `E_BACKUP_FAILED`, `E_ILLEGAL_TRANSITION`, `E_LOCKED`.
 */
export async function dump(context: OperationContext, slug: string, path: string): Promise<TakenBackup> {
  return withTenantHeld(context, slug, async () => {
    const tenant = await requireHoused(context, slug);
    const now = await context.access.withMaster(readClock);
    context.note(`copying database '${tenant.databaseName}'`);
    const taken = await withBackupSource(context, tenant, (source) => writeBackup({ ...source, now }, path));
    context.point("dump:written");
    const { location, format, sizeBytes, sha256 } = taken;
    await context.access.withMaster((client) =>
      appendAudit(client, { tenantId: tenant.id, slug }, "TENANT_DUMPED", context.run, {
        ...{ location, format, sizeBytes, sha256 },
      }),
    );
    return taken;
  });
}
