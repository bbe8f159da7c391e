import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isConnectionLoss, PostgresError, serverVersion } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { checkArchive } from "./archiveReader.ts";
import { writeArchive } from "./archiveWriter.ts";
import { backupError } from "./backupError.ts";
import { backupFolder, backupPath, locationOf, pathOf } from "./destination.ts";
import { dumpManifestPath, writeDump, writeDumpManifest } from "./dumpWriter.ts";
import { type FileFacts, readFacts, removeUnfinished, writeDurably } from "./durableFile.ts";
import { hasFittingTools, PgToolError, readDump } from "./pgDump.ts";
import type { BackupSource } from "./source.ts";
import { DamagedArchiveError } from "./tar.ts";

export type BackupFormat = "pg_dump" | "archive";

/** How a backup is taken. */
export interface BackupWay {
  /** When it is taken. */
  readonly now: Date;
  /** PATH is where pg_dump is looked for. Default process.env. */
  readonly environment?: NodeJS.ProcessEnv;
  /** `archive` doesn't look for pg_dump. Default: pg_dump when a fitting one is there. */
  readonly format?: BackupFormat;
}

export interface BackupRequest extends BackupSource, BackupWay {
  /** `backups.url` of the environment: a `file:` URL or a path relative to `projectRoot`. */
  readonly destination: string;
  readonly projectRoot: string;
  /** Part of the file's name. */
  readonly kind: "final" | "daily" | "manual";
  /** Stands in the file's name instead of `kind`: tells two of the same second apart. */
  readonly name?: string;
  /** Part of the file's name: the same again replaces the file that a cut-off run left. Default: `now`. */
  readonly namedAt?: Date;
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
 * Copies one tenant's database into one file of the environment's folder: with pg_dump where a client as new as the server is on
 * PATH, else as an archive of our own. The file has its name only when it is whole and durable. Throws `E_BACKUP_FAILED`,
 * `E_NOT_SUPPORTED`.
 */
export async function takeBackup(request: BackupRequest): Promise<TakenBackup> {
  const { slug, kind, name = kind, now, namedAt = now } = request;
  const folder = backupFolder(request.destination, request.projectRoot);
  const format = await formatOf(request);
  const extension = format === "archive" ? "tar.gz" : "dump";
  const path = backupPath(folder, slug, name, namedAt, extension);
  try {
    await removeUnfinished(dirname(path));
  } catch (error) {
    throw explainFailure(slug, error);
  }
  return writeBackup({ ...request, format }, path);
}

/** The same into a file of any name, which it replaces. */
export async function writeBackup(source: BackupSource & BackupWay, path: string): Promise<TakenBackup> {
  const format = await formatOf(source);
  try {
    const facts = await (format === "archive" ? writeArchiveFile(source, path) : writeDumpFile(source, path));
    return { location: locationOf(path), format, ...facts, takenAt: source.now };
  } catch (error) {
    throw explainFailure(source.slug, error);
  }
}

async function writeArchiveFile(source: BackupSource & BackupWay, path: string): Promise<FileFacts> {
  return writeDurably(path, async (temporary) => {
    await writeArchive(source, temporary, source.now);
  });
}

/** What is in a dump stands in a file beside it, which is there first. */
async function writeDumpFile(source: BackupSource & BackupWay, path: string): Promise<FileFacts> {
  return writeDurably(path, async (temporary) => {
    const manifest = await writeDump(source, temporary, source.environment ?? process.env);
    await writeDumpManifest(path, (await readFacts(temporary)).sha256, manifest);
  });
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

/** Removes a backup's file and what stands beside it; gone already is done. Throws `E_BACKUP_FAILED`. */
export async function removeBackup(slug: string, location: string): Promise<void> {
  const path = pathOf(location);
  try {
    for (const each of [path, dumpManifestPath(path)]) await rm(each, { force: true });
  } catch (error) {
    throw explainFailure(slug, error);
  }
}

async function formatOf(request: BackupSource & BackupWay): Promise<BackupFormat> {
  if (request.format !== undefined) return request.format;
  const version = await serverVersion(request.admin.client);
  return (await hasFittingTools(version, request.environment ?? process.env)) ? "pg_dump" : "archive";
}

/** Only what belongs to the backup itself becomes `E_BACKUP_FAILED`; a server that is away stays what it is. */
export function explainFailure(slug: string, error: unknown): unknown {
  if (error instanceof UserError || error instanceof PostgresError || isConnectionLoss(error)) return error;
  if (error instanceof DamagedArchiveError || error instanceof PgToolError)
    return backupError(slug, error.message, error);
  if (error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string")
    return backupError(slug, error.message, error);
  return error;
}
