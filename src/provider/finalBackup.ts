import { loadMigrations, TENANT_SCHEMA_SQL } from "../hooks/index.ts";
import type { Queryable } from "../postgres/index.ts";
import {
  type BackupRow,
  finalBackupSince,
  listExpiredBackups,
  recordBackup,
  recordBackupDeleted,
  type TenantRow,
} from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { FinalBackupInputs } from "../tenant/resources.ts";
import { removeBackup, takeBackup, verifyBackup } from "../transfer/index.ts";
import { PROJECT_ROOT } from "./projectRoot.ts";
import { requireRecord } from "./records.ts";
import type { Run } from "./run.ts";

/** PRODUCT.md item 7: how long a final backup outlives its tenant. */
const FINAL_BACKUP_DAYS = 90;
const DAY_MS = 86_400_000;

/** What a final backup is made from. */
export type FinalBackupSource = Omit<FinalBackupInputs, "status">;

/** The verified final backup of the present delete, undefined while there is none. */
export async function findFinalBackup(client: Queryable, record: TenantRow): Promise<BackupRow | undefined> {
  return record.deletingAt === null ? undefined : finalBackupSince(client, record.id, record.deletingAt);
}

/**
 * Id of a verified backup taken since the tenant became `deleting`; takes one when there is none or its file is no
 * longer whole. Throws `E_BACKUP_FAILED`.
 */
export async function ensureFinalBackup(source: FinalBackupSource, run: Run): Promise<string> {
  const { found, deletingAt } = await run.access.withMaster(async (client) => {
    const record = await requireRecord(client, source.tenantId);
    return { found: await findFinalBackup(client, record), deletingAt: record.deletingAt };
  });
  if (found !== undefined && (await isWhole(source.slug, found))) return found.id;
  run.point("before backup");
  // Named by the delete it belongs to, and by the present where that name's file is damaged.
  return takeFinalBackup(source, run, found === undefined ? deletingAt : null);
}

async function takeFinalBackup(
  source: FinalBackupSource,
  run: Run,
  deletingAt: Date | null,
): Promise<string> {
  const { slug, tenantId, server, database, role, migrations } = source;
  const files = await loadMigrations(migrations, PROJECT_ROOT, slug);
  // Master's clock, which also wrote the time that this backup has to be later than.
  const now = await run.access.withMaster(readClock);
  const taken = await run.access.withAdmin(server, (admin) =>
    takeBackup({
      ...{ slug, tenantId, admin, database, role, content: { baseSql: TENANT_SCHEMA_SQL, files } },
      ...{ destination: source.backupsUrl, projectRoot: PROJECT_ROOT, kind: "final", now },
      ...(deletingAt === null ? {} : { namedAt: deletingAt }),
    }),
  );
  run.point("backup taken");
  await verifyBackup(slug, taken);
  run.point("backup verified");
  return run.access.withMaster(async (client) => {
    // Begun again after a cut, its row may be there already.
    const written = await finalBackupSince(client, tenantId, taken.takenAt);
    if (written?.location === taken.location && written.sha256 === taken.sha256) return written.id;
    const verifiedAt = await readClock(client);
    const deletedAfter = new Date(taken.takenAt.getTime() + FINAL_BACKUP_DAYS * DAY_MS);
    return recordBackup(
      client,
      { ...taken, tenantId, kind: "final", verifiedAt, deletedAfter },
      await run.audited(),
    );
  });
}

/**
 * Removes every backup of a tenant that is being purged but its final one: daily ones and those taken by hand go with it. What a
 * killed run left is finished; a file that is gone already is done. Throws `E_BACKUP_FAILED`.
 */
export async function removeOtherBackups(tenantId: string, run: Run): Promise<void> {
  for (const backup of await run.access.withMaster((client) => listExpiredBackups(client, tenantId))) {
    await removeBackup(backup.slug, backup.location);
    run.point("backup removed");
    await run.access.withMaster(async (client) => recordBackupDeleted(client, backup, await run.audited()));
  }
}

async function isWhole(slug: string, backup: BackupRow): Promise<boolean> {
  try {
    await verifyBackup(slug, backup);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.code === "E_BACKUP_FAILED") return false;
    throw error;
  }
}

async function readClock(client: Queryable): Promise<Date> {
  const { rows } = await client.query("SELECT clock_timestamp() AS now");
  return rows[0].now;
}
