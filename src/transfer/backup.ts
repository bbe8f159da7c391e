import {
  createEmptyDatabase,
  dropDatabase,
  ident,
  isConnectionLoss,
  observeDatabase,
  PostgresError,
  serverVersion,
  setDatabaseComment,
  waitUntilEmpty,
  withDatabase,
  workDatabaseName,
} from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { checkArchive } from "./archiveReader.ts";
import { type RestoreTarget, restoreArchive } from "./archiveRestore.ts";
import { writeArchive } from "./archiveWriter.ts";
import { backupError } from "./backupError.ts";
import { backupFolder, backupPath, locationOf, pathOf } from "./destination.ts";
import { readFacts, writeDurably } from "./durableFile.ts";
import { dumpTo, hasFittingTools, PgToolError, readDump, restoreDump } from "./pgDump.ts";
import type { BackupSource } from "./source.ts";
import { DamagedArchiveError } from "./tar.ts";

export type BackupFormat = "pg_dump" | "archive";

export interface BackupRequest extends BackupSource {
  /** `backups.url` of the environment: a `file:` URL or a path relative to `projectRoot`. */
  readonly destination: string;
  readonly projectRoot: string;
  /** Part of the file's name. */
  readonly kind: "final" | "daily" | "manual";
  /** Part of the file's name: the same again replaces the file that a cut-off run left. Default: `now`. */
  readonly namedAt?: Date;
  /** When it is taken. */
  readonly now: Date;
  /** PATH is where pg_dump is looked for. Default process.env. */
  readonly environment?: NodeJS.ProcessEnv;
  /** `archive` doesn't look for pg_dump. Default: pg_dump when a fitting one is there. */
  readonly format?: BackupFormat;
}

/** A backup's file. */
export interface BackupFile {
  /** `file://` URL. */
  readonly location: string;
  readonly format: BackupFormat;
  readonly sizeBytes: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
}

export interface TakenBackup extends BackupFile {
  readonly takenAt: Date;
}

/**
 * Copies one tenant's database into one file: with pg_dump where a client as new as the server is on PATH, else as an
 * archive of our own. The file has its name only when it is whole and durable. Throws `E_BACKUP_FAILED`, `E_NOT_SUPPORTED`.
 */
export async function takeBackup(request: BackupRequest): Promise<TakenBackup> {
  const folder = backupFolder(request.destination, request.projectRoot);
  const environment = request.environment ?? process.env;
  const format = await formatOf(request, environment);
  const extension = format === "archive" ? "tar.gz" : "dump";
  const path = backupPath(folder, request.slug, request.kind, request.namedAt ?? request.now, extension);
  const url = withDatabase(request.admin.url, request.database);
  try {
    const facts = await writeDurably(path, async (temporary) => {
      if (format === "archive") await writeArchive(request, temporary, request.now);
      else await dumpTo(temporary, url, request.role, environment);
    });
    return { location: locationOf(path), format, ...facts, takenAt: request.now };
  } catch (error) {
    throw explainFailure(request.slug, error);
  }
}

/** Reads the whole file again and compares every checksum. Throws `E_BACKUP_FAILED`. */
export async function verifyBackup(
  slug: string,
  file: BackupFile,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const path = pathOf(file.location);
  try {
    const facts = await readFacts(path);
    if (facts.sha256 !== file.sha256 || facts.sizeBytes !== file.sizeBytes)
      throw new DamagedArchiveError(
        `'${path}' has ${facts.sizeBytes} bytes and sha256 ${facts.sha256}; expected ${file.sizeBytes} and ${file.sha256}`,
      );
    if (file.format === "archive") await checkArchive(path);
    else await readDump(path, environment);
  } catch (error) {
    throw explainFailure(slug, error);
  }
}

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

async function formatOf(request: BackupRequest, environment: NodeJS.ProcessEnv): Promise<BackupFormat> {
  if (request.format !== undefined) return request.format;
  const version = await serverVersion(request.admin.client);
  return (await hasFittingTools(version, environment)) ? "pg_dump" : "archive";
}

/** Only what belongs to the backup itself becomes `E_BACKUP_FAILED`; a server that is away stays what it is. */
function explainFailure(slug: string, error: unknown): unknown {
  if (error instanceof UserError || error instanceof PostgresError || isConnectionLoss(error)) return error;
  if (error instanceof DamagedArchiveError || error instanceof PgToolError)
    return backupError(slug, error.message, error);
  if (error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string")
    return backupError(slug, error.message, error);
  return error;
}
