import {
  type Client,
  createEmptyDatabase,
  dropDatabase,
  ident,
  observeDatabase,
  setDatabaseComment,
  waitUntilEmpty,
  withConnection,
  withDatabase,
  withTransaction,
  workDatabaseName,
} from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { checkArchive } from "./archiveReader.ts";
import { type RestoreTarget, restoreArchive } from "./archiveRestore.ts";
import { type BackupFile, explainFailure, verifyBackup } from "./backup.ts";
import { pathOf } from "./destination.ts";
import { readDumpManifest } from "./dumpWriter.ts";
import type { ContentsManifest } from "./manifest.ts";
import { contentsDifference, measureContents, READ_SETTINGS } from "./measure.ts";
import { restoreDump } from "./pgDump.ts";
import { DamagedArchiveError } from "./tar.ts";

/**
 * Makes a new database from a backup, on any server whose admin is given; the role must be there. The database has its
 * name only when it is whole. Throws `E_BACKUP_FAILED`, `E_PARTIAL_STATE` when the name is taken.
 */
export async function restoreBackup(
  slug: string,
  file: BackupFile,
  target: RestoreTarget,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if ((await observeDatabase(target.admin.client, target.database)) !== undefined)
    throw new UserError(
      "E_PARTIAL_STATE",
      `Restore of tenant '${slug}': database '${target.database}' exists; expected none of that name.`,
    );
  await verifyBackup(slug, file, environment);
  try {
    if (file.format === "archive") await restoreArchive(pathOf(file.location), target);
    else await restoreCustom(pathOf(file.location), target, environment);
  } catch (error) {
    throw explainFailure(slug, error);
  }
}

async function restoreCustom(
  path: string,
  target: RestoreTarget,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const { client, url } = target.admin;
  const work = workDatabaseName("restore", target.tenantId);
  await dropDatabase(client, work);
  try {
    await createEmptyDatabase(target.admin, work, target.role);
    await restoreDump(path, withDatabase(url, work), target.role, environment);
    if (target.comment !== undefined) await setDatabaseComment(client, work, target.comment);
    await waitUntilEmpty(client, work);
    await client.query(`ALTER DATABASE ${ident(work)} RENAME TO ${ident(target.database)}`);
  } catch (error) {
    await dropDatabase(client, work);
    throw error;
  }
}

/** What a rehearsed restore has shown. */
export interface Rehearsal {
  readonly tables: number;
  readonly rows: number;
  /** False for a dump with no manifest beside it: then it is only known that it can be restored. */
  readonly isCompared: boolean;
}

/**
 * Restores a backup into a scratch database, compares row counts and checksums with the backup's manifest, and drops it; one that
 * a killed run left goes first. Only one run a tenant at a time. Throws `E_BACKUP_FAILED` naming what differs.
 */
export async function rehearseRestore(
  slug: string,
  file: BackupFile,
  target: Omit<RestoreTarget, "database" | "comment">,
  onRestored: () => void = () => undefined,
): Promise<Rehearsal> {
  const { client } = target.admin;
  const scratch = workDatabaseName("check", target.tenantId);
  await dropDatabase(client, scratch);
  try {
    await restoreBackup(slug, file, { ...target, database: scratch });
    onRestored();
    return await compareRestored(slug, file, { ...target, database: scratch });
  } finally {
    await dropDatabase(client, scratch);
  }
}

/** Compares a restored database with its backup's manifest. Throws `E_BACKUP_FAILED` naming what differs. */
export async function compareRestored(
  slug: string,
  file: BackupFile,
  { admin, database, role }: Omit<RestoreTarget, "comment">,
): Promise<Rehearsal> {
  try {
    const expected = await manifestOf(file);
    const found = await withConnection(withDatabase(admin.url, database), admin.options, (client) =>
      measureDatabase(client, role),
    );
    const comparable = file.format === "archive" ? found : { ...found, sequences: [] };
    const difference = expected === undefined ? undefined : contentsDifference(expected, comparable);
    if (difference !== undefined) throw new DamagedArchiveError(`what was restored differs: ${difference}`);
    const rows = found.tables.reduce((sum, table) => sum + table.rows, 0);
    return { tables: found.tables.length, rows, isCompared: expected !== undefined };
  } catch (error) {
    throw explainFailure(slug, error);
  }
}

async function measureDatabase(client: Client, role: string): Promise<ContentsManifest> {
  const body = async () => {
    await client.query(READ_SETTINGS);
    return measureContents(client, role);
  };
  return withTransaction(client, body, { isolation: "repeatable read", isReadOnly: true, role });
}

async function manifestOf(file: BackupFile): Promise<ContentsManifest | undefined> {
  const path = pathOf(file.location);
  return file.format === "archive"
    ? (await checkArchive(path)).manifest
    : readDumpManifest(path, file.sha256);
}
