import { open } from "node:fs/promises";
import { type BackupFile, type BackupFormat, explainFailure } from "./backup.ts";
import { backupError } from "./backupError.ts";
import { locationOf } from "./destination.ts";
import { readFacts } from "./durableFile.ts";

/** First bytes of what we can restore: pg_dump's custom format, and gzip. */
const MAGIC: readonly { readonly bytes: string; readonly format: BackupFormat }[] = [
  { bytes: "PGDMP", format: "pg_dump" },
  { bytes: "\x1f\x8b", format: "archive" },
];
const MAGIC_BYTES = 5;

/** A file that a person names, as a backup: its format is told by its first bytes. Throws `E_BACKUP_FAILED`. */
export async function openBackupFile(slug: string, path: string): Promise<BackupFile> {
  try {
    const head = await readHead(path);
    const found = MAGIC.find(({ bytes }) => head.startsWith(bytes));
    if (found === undefined)
      throw backupError(
        slug,
        `'${path}' is neither an archive of ours nor a dump of pg_dump's custom format`,
        undefined,
        "`tenantry dump` and `pg_dump --format=custom` write what can be restored.",
      );
    return { location: locationOf(path), format: found.format, ...(await readFacts(path)) };
  } catch (error) {
    throw explainFailure(slug, error);
  }
}

async function readHead(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}
