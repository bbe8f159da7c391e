import {
  type Client,
  dropDatabase,
  type LedgerRow,
  lockOwnTables,
  MigrationFailedError,
  type MigrationFile,
  rowOf,
  selectLedger,
  withTransaction,
  workDatabaseName,
} from "../postgres/index.ts";
import { backupError } from "./backupError.ts";
import { describeSchema, nameDifferences, schemaDifferences } from "./catalog.ts";
import { withReplayedDatabase } from "./replay.ts";
import type { BackupSource } from "./source.ts";

/**
 * The files that made the tenant's schema, in order: proven by replaying them into a scratch database and comparing the
 * catalogs. Throws `E_BACKUP_FAILED`, naming what the files don't explain.
 */
export async function explainingFiles(
  source: BackupSource,
  client: Client,
  schema: readonly string[],
): Promise<readonly MigrationFile[]> {
  await lockOwnTables(client, ["migration"], "read");
  const files = filesOfLedger(source, await selectLedger(client));
  const scratch = workDatabaseName("check", source.tenantId);
  try {
    const explained = await withReplayedDatabase(
      source.admin,
      scratch,
      source.role,
      { baseSql: source.content.baseSql, files },
      (inside) => withTransaction(inside, () => describeSchema(inside, source.role)),
    );
    const differences = schemaDifferences(schema, explained);
    if (differences.length > 0) throw unexplained(source, nameDifferences(differences));
  } catch (error) {
    if (error instanceof MigrationFailedError)
      throw backupError(
        source.slug,
        `its migrations don't run on an empty database: ${error.message}`,
        error,
      );
    throw error;
  } finally {
    await dropDatabase(source.admin.client, scratch);
  }
  return files;
}

/** The applied files. Throws when one is gone, changed or unfinished. */
function filesOfLedger(source: BackupSource, ledger: readonly LedgerRow[]): readonly MigrationFile[] {
  const { files } = source.content;
  return ledger.map((row) => {
    const file = files.find((candidate) => rowOf([row], candidate) !== undefined);
    if (file === undefined) throw unexplained(source, `'${row.name}' is applied and its file is gone`);
    if (row.appliedAt === undefined) throw unexplained(source, `'${row.name}' was started and did not end`);
    if (file.checksum !== row.checksum)
      throw unexplained(source, `'${row.name}' was changed after it was applied`);
    return file;
  });
}

function unexplained(source: BackupSource, differences: string): Error {
  return backupError(
    source.slug,
    `the schema of '${source.database}' isn't what its migrations make, so an archive could not restore it: ${differences}`,
    undefined,
    "Put a pg_dump of the server's major version or newer on PATH, or bring the schema into a migration.",
  );
}
