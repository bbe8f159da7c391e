import type { Queryable } from "./connect.ts";
import { MigrationRefusedError } from "./migrationErrors.ts";
import { compareVersions, filesUpTo, type MigrationFile } from "./migrationFile.ts";
import { withOwnTables } from "./ownTables.ts";

/** A row of `tenantry.migration`. */
export interface LedgerRow {
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
  /** Undefined for a file without transaction that was started and not seen to end. */
  readonly appliedAt: Date | undefined;
}

/** Creates what every migrated database has; may be run again. */
export const LEDGER_SQL = `
CREATE SCHEMA IF NOT EXISTS tenantry;
CREATE TABLE IF NOT EXISTS tenantry.migration (
  version    text PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- NULL while a file that can't run in a transaction is not known to have ended.
  applied_at timestamptz
);
`;

/** The ledger in order; empty when the database has none. Throws TamperedSchemaError. */
export async function readLedger(client: Queryable): Promise<readonly LedgerRow[]> {
  return withOwnTables(client, ["migration"], "read", () => selectLedger(client), { isReadOnly: true });
}

/** The same in the caller's transaction, which has called `lockOwnTables`. */
export async function selectLedger(client: Queryable): Promise<readonly LedgerRow[]> {
  const { rows: found } = await client.query(
    "SELECT to_regclass('tenantry.migration') IS NOT NULL AS is_there",
  );
  if (found[0].is_there !== true) return [];
  const { rows } = await client.query("SELECT version, name, checksum, applied_at FROM tenantry.migration");
  return rows
    .map((row) => ({
      version: row.version,
      name: row.name,
      checksum: row.checksum,
      appliedAt: row.applied_at ?? undefined,
    }))
    .sort((left, right) => compareVersions(left.version, right.version));
}

/** Version of the last applied migration, e.g. `0002`; empty for none. */
export function lastMigration(ledger: readonly LedgerRow[]): string {
  return ledger.findLast((row) => row.appliedAt !== undefined)?.version ?? "";
}

/**
 * The files still to run, in order. Pure. Throws MigrationRefusedError when an applied file was changed or removed,
 * or a new one sorts before an applied one (F33).
 */
export function pendingMigrations(
  files: readonly MigrationFile[],
  ledger: readonly LedgerRow[],
  target?: string,
): readonly MigrationFile[] {
  for (const row of ledger) assertUnchanged(files, row);
  const pending = filesUpTo(files, target).filter((file) => rowOf(ledger, file)?.appliedAt === undefined);
  const last = ledger.findLast((row) => row.appliedAt !== undefined);
  const late = pending.find((file) => last !== undefined && compareVersions(file.version, last.version) < 0);
  if (late !== undefined && last !== undefined)
    throw new MigrationRefusedError(
      "order",
      late.fileName,
      `sorts before '${last.name}', which is applied; expected a number above ${last.version}`,
    );
  return pending;
}

/** The ledger's row of a file. */
export function rowOf(ledger: readonly LedgerRow[], file: MigrationFile): LedgerRow | undefined {
  return ledger.find((row) => compareVersions(row.version, file.version) === 0);
}

function assertUnchanged(files: readonly MigrationFile[], row: LedgerRow): void {
  const file = files.find((candidate) => compareVersions(candidate.version, row.version) === 0);
  if (file === undefined)
    throw new MigrationRefusedError(
      "removed",
      row.name,
      "is applied and its file is gone; expected it unchanged",
    );
  // A file that only started may be mended.
  if (row.appliedAt !== undefined && file.checksum !== row.checksum)
    throw new MigrationRefusedError(
      "changed",
      file.fileName,
      `was applied with checksum ${row.checksum.slice(0, 12)} and now has ${file.checksum.slice(0, 12)}; expected it unchanged`,
    );
}
