import type { StackHold } from "../deploy/index.ts";
import { ensureTenantSchema } from "../hooks/index.ts";
import { dropDatabase, formatMarker, workDatabaseName } from "../postgres/index.ts";
import { appendAudit, raiseCacheEpoch } from "../registry/index.ts";
import { loadTenant } from "../tenant/select.ts";
import {
  type BackupFile,
  type BackupOrigin,
  compareRestored,
  openBackupFile,
  type Rehearsal,
  readOrigin,
  restoreBackup,
} from "../transfer/index.ts";
import { applyStack } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, requireHoused } from "./housedTenant.ts";
import { requireLiving } from "./livingTenant.ts";
import { provisionFirst } from "./provisionFirst.ts";
import { assertNotHeld, dropLeftover, markerOf, migrateFresh, replaceDatabase } from "./replaceDatabase.ts";
import { reseed } from "./reseed.ts";
import { assertOrigin, assertTarget } from "./restoreTarget.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** How long the database of before a restore is kept. */
const KEPT_DAYS = 7;

/** What is restored. */
export interface RestoreRequest {
  /** Path of a backup or dump. */
  readonly file: string;
  /** Name of the tenant's database, where it differs from the backup's: says that it is meant. */
  readonly database?: string;
  /** Name of the database that the backup was made of, where it differs from the tenant's: says that it is meant. */
  readonly fromDatabase?: string;
}

/** What came of {@link restore}. */
export interface Restored extends Rehearsal {
  readonly slug: string;
  readonly database: string;
  readonly from: BackupOrigin;
  /** The database of before, closed, and until when it stays. */
  readonly kept: { readonly name: string; readonly keptUntil: Date };
  /** Whether the slug had no life and got one first. */
  readonly isNewLife: boolean;
}

/**
 * Restores a backup into a new database, compares it with the backup's manifest, migrates it and puts it in the place of the
 * tenant's in one transaction; then the stack's own run makes settings, admin and the rest true again. Killed anywhere before the
 * switch nothing has happened, and the same again begins anew. A slug without a life gets one from its entry first. A suspended
 * tenant stays suspended. Throws `E_BACKUP_FAILED`, `E_CONFIRM`, `E_IMMUTABLE`, `E_HOLD`, `E_ILLEGAL_TRANSITION`, `E_LOCKED`.
 */
export async function restore(
  context: OperationContext,
  slug: string,
  request: RestoreRequest,
): Promise<Restored> {
  const wanted = loadTenant(context.root, slug, context.config);
  const file = await openBackupFile(slug, request.file);
  const from = await readOrigin(slug, file);
  assertTarget(slug, request, wanted.databaseName);
  assertOrigin(slug, request, from, wanted.databaseName);
  return withTenantHeld(context, slug, async (hold) => {
    const isNewLife = await provisionFirst(context, wanted, hold);
    await requireLiving(context, slug);
    const tenant = await requireHoused(context, slug);
    assertNotHeld(tenant);
    const fresh = workDatabaseName("new", tenant.id);
    const proof = await makeFresh(context, tenant, file, fresh);
    await migrateFresh(context, tenant, fresh);
    context.note("switching to the restored database");
    const kept = await replaceDatabase(context, tenant, { fresh, reason: "restore", keptDays: KEPT_DAYS });
    await finish(context, tenant, { hold, file, from, kept: kept.name });
    return { slug, database: tenant.databaseName, from, kept, isNewLife, ...proof };
  });
}

/** Makes the new database and compares it; on failure nothing of it stays. */
async function makeFresh(
  { access, note, point }: OperationContext,
  tenant: HousedTenant,
  file: BackupFile,
  fresh: string,
): Promise<Rehearsal> {
  const { slug, id: tenantId, server, roleName: role } = tenant;
  note(`restoring into a new database on '${server}'`);
  return access.withAdmin(server, async (admin) => {
    await dropLeftover(admin, fresh);
    const target = { tenantId, admin, role, database: fresh };
    await restoreBackup(slug, file, { ...target, comment: formatMarker(markerOf(tenant)) });
    point("restore:restored");
    try {
      const proof = await compareRestored(slug, file, target);
      point("restore:compared");
      return proof;
    } catch (error) {
      await dropDatabase(admin.client, fresh);
      throw error;
    }
  });
}

interface Switched {
  readonly hold: StackHold;
  readonly file: BackupFile;
  readonly from: BackupOrigin;
  readonly kept: string;
}

/** Everything that stands on the database is made true again; then whoever caches drops what it holds. */
async function finish(
  context: OperationContext,
  tenant: HousedTenant,
  { hold, file, from, kept }: Switched,
): Promise<void> {
  const { access, run, point } = context;
  const { slug, id: tenantId, server, databaseName: database, roleName: role } = tenant;
  await access.withDatabase({ server, database }, (client) => ensureTenantSchema({ slug, client, role }));
  await reseed(context, tenant);
  point("restore:seeded");
  await applyStack(context, slug, hold, { shouldRefresh: true });
  point("restore:applied");
  await access.withMaster(async (client) => {
    await raiseCacheEpoch(client, tenantId);
    const { location, format, sha256 } = file;
    const origin = { fromDatabase: from.database ?? null, takenAt: from.takenAt ?? null };
    await appendAudit(client, { tenantId, slug }, "TENANT_RESTORED", run, {
      ...{ location, format, sha256, ...origin, server, database, kept },
    });
  });
}
