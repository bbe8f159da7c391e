import { checkArchive } from "./archiveReader.ts";
import { type BackupFile, explainFailure } from "./backup.ts";
import { pathOf } from "./destination.ts";
import { dumpedDatabase } from "./pgDump.ts";

/** Where a backup comes from, as far as its file says. */
export interface BackupOrigin {
  /** Name of the database it was made of; undefined where the file doesn't say. */
  readonly database: string | undefined;
  /** Only an archive of ours says whose it is. */
  readonly slug?: string;
  readonly takenAt?: string;
}

/** Reads what a backup's file says of its origin; an archive is read whole and checked. Throws `E_BACKUP_FAILED`. */
export async function readOrigin(slug: string, file: BackupFile): Promise<BackupOrigin> {
  const path = pathOf(file.location);
  try {
    if (file.format === "pg_dump") return { database: await dumpedDatabase(path, process.env) };
    const { head } = await checkArchive(path);
    return { database: head.database, slug: head.slug, takenAt: head.takenAt };
  } catch (error) {
    throw explainFailure(slug, error);
  }
}
