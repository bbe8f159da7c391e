import type { Clock } from "./clock.ts";
import type { Client } from "./connect.ts";
import { LEDGER_SQL, type LedgerRow, pendingMigrations, readLedger } from "./ledger.ts";
import { MIGRATION_LOCK_KEY, withAdvisoryLock } from "./lock.ts";
import { MigrationFailedError } from "./migrationErrors.ts";
import type { MigrationFile } from "./migrationFile.ts";
import { lockOwnTables, withOwnTables } from "./ownTables.ts";
import { ident } from "./quote.ts";
import { withRetry } from "./retry.ts";
import { codeOf, isConnectionLoss, isSqlState, SQLSTATE } from "./sqlState.ts";
import { type Statement, splitStatements } from "./statements.ts";
import { withTransaction } from "./transaction.ts";

export interface MigrateOptions {
  /** Owner of what the files make; the session sets this role. Default: the login itself. */
  readonly role?: string;
  /** Last version to apply; default all. */
  readonly target?: string;
  /** How long DDL may queue before a long reader; then it steps back and tries again (F31). Default 3 s. */
  readonly lockTimeoutMs?: number;
  /** How long one file is retried for that. Default 60 s. */
  readonly lockBudgetMs?: number;
  /** How long another runner's lock is waited for; default 60 s. Then LockHeldError. */
  readonly waitMs?: number;
  readonly clock?: Clock;
  /** Told before and after each file. */
  readonly onFile?: (file: MigrationFile, moment: "before" | "after") => void;
}

const LOCK_TIMEOUT_MS = 3_000;
const LOCK_BUDGET_MS = 60_000;
const WAIT_MS = 60_000;

/** What {@link migrate} did, and what the ledger says then. */
export interface MigrateResult {
  readonly applied: readonly MigrationFile[];
  readonly ledger: readonly LedgerRow[];
}

/**
 * Brings one database up to date. Looks first: with nothing pending it takes no lock and writes nothing. Throws
 * MigrationRefusedError, MigrationFailedError, LockHeldError.
 */
export async function migrate(
  client: Client,
  files: readonly MigrationFile[],
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const pendingIn = (ledger: readonly LedgerRow[]) => pendingMigrations(files, ledger, options.target);
  const ledger = await readLedger(client);
  if (pendingIn(ledger).length === 0) return { applied: [], ledger };
  const lock = { waitMs: options.waitMs ?? WAIT_MS, ...clockOf(options) };
  return withAdvisoryLock(
    client,
    MIGRATION_LOCK_KEY,
    async () => {
      await ensureLedger(client, options.role);
      const applied = pendingIn(await readLedger(client));
      for (const file of applied) await applyOne(client, file, options);
      return { applied, ledger: await readLedger(client) };
    },
    lock,
  );
}

/** Makes schema `tenantry` and the ledger, owned by `role`, when the database has none. The caller holds the lock. */
export async function ensureLedger(client: Client, role: string | undefined): Promise<void> {
  const { rows } = await client.query("SELECT to_regclass('tenantry.migration') IS NULL AS is_missing");
  if (rows[0].is_missing !== true) return;
  await withTransaction(client, () => client.query(LEDGER_SQL), roleOf({ role }));
}

/** Runs one SQL file's statements one by one, so that a failure has a line. Throws MigrationFailedError. */
export async function runStatements(
  client: Client,
  fileName: string,
  statements: readonly Statement[],
): Promise<void> {
  for (const statement of statements) {
    try {
      await client.query(statement.sql);
    } catch (error) {
      throw isConnectionLoss(error) ? error : failureOf(fileName, statement, error);
    }
  }
}

async function applyOne(client: Client, file: MigrationFile, options: MigrateOptions): Promise<void> {
  options.onFile?.(file, "before");
  const run = file.isTransactional ? runInTransaction : runAlone;
  await withRetry(() => run(client, file, options), {
    budgetMs: options.lockBudgetMs ?? LOCK_BUDGET_MS,
    isRetryable: (error) =>
      isSqlState(error instanceof Error ? error.cause : error, SQLSTATE.LOCK_NOT_AVAILABLE),
    ...clockOf(options),
  });
  options.onFile?.(file, "after");
}

async function runInTransaction(client: Client, file: MigrationFile, options: MigrateOptions): Promise<void> {
  await withTransaction(client, async () => {
    await client.query(`SET LOCAL lock_timeout = ${options.lockTimeoutMs ?? LOCK_TIMEOUT_MS}`);
    await setLocalRole(client, options.role);
    await runStatements(client, file.fileName, splitStatements(file.sql));
    // The file may have set another role or search_path.
    await setLocalRole(client, options.role);
    await lockOwnTables(client, ["migration"], "write");
    await record(client, file, "now()");
  });
  await resetSession(client);
}

/** Without a transaction the start is recorded first; every statement allowed here may be repeated. */
async function runAlone(client: Client, file: MigrationFile, options: MigrateOptions): Promise<void> {
  const note = (appliedAt: "now()" | "NULL") =>
    withOwnTables(client, ["migration"], "write", () => record(client, file, appliedAt), roleOf(options));
  try {
    await note("NULL");
    await client.query(`SET lock_timeout = ${options.lockTimeoutMs ?? LOCK_TIMEOUT_MS}`);
    if (options.role !== undefined) await client.query(`SET ROLE ${ident(options.role)}`);
    await dropInvalidIndexes(client, file);
    await runStatements(client, file.fileName, splitStatements(file.sql));
    await assertIndexesValid(client, file);
    await resetSession(client);
    await note("now()");
  } finally {
    await resetSession(client);
  }
}

async function record(client: Client, file: MigrationFile, appliedAt: "now()" | "NULL"): Promise<void> {
  await client.query(
    `INSERT INTO tenantry.migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, ${appliedAt})
     ON CONFLICT (version) DO UPDATE SET name = $2, checksum = $3, applied_at = ${appliedAt}`,
    [file.version, file.fileName, file.checksum],
  );
}

interface InvalidIndex {
  readonly schema: string;
  readonly name: string;
}

/** What a killed CREATE INDEX CONCURRENTLY left; IF NOT EXISTS would take it for done (F30). */
async function dropInvalidIndexes(client: Client, file: MigrationFile): Promise<void> {
  for (const { schema, name } of await invalidIndexes(client, file))
    await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${ident(schema)}.${ident(name)}`);
}

async function assertIndexesValid(client: Client, file: MigrationFile): Promise<void> {
  const [invalid] = await invalidIndexes(client, file);
  if (invalid !== undefined)
    throw new MigrationFailedError(
      file.fileName,
      1,
      `index '${invalid.schema}.${invalid.name}' is invalid after the run`,
      undefined,
    );
}

/** Invalid indexes that the file names. */
async function invalidIndexes(client: Client, file: MigrationFile): Promise<readonly InvalidIndex[]> {
  const { rows } = await client.query(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_index i
       JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT i.indisvalid AND position(c.relname in $1) > 0`,
    [file.sql],
  );
  return rows;
}

async function setLocalRole(client: Client, role: string | undefined): Promise<void> {
  if (role !== undefined) await client.query(`SET LOCAL ROLE ${ident(role)}`);
}

/** Takes back what a file set for the whole session; startup options stay. */
async function resetSession(client: Client): Promise<void> {
  try {
    await client.query("RESET ROLE; RESET ALL");
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
  }
}

function failureOf(fileName: string, statement: Statement, error: unknown): MigrationFailedError {
  // Not the detail: it repeats row values, which are a tenant's data.
  const { message, position } = error as { message: string; position?: string };
  const line =
    position === undefined
      ? statement.line
      : statement.firstLine + linesBefore(statement.sql, Number(position));
  return new MigrationFailedError(fileName, line, message, codeOf(error), { cause: error });
}

/** PostgreSQL counts characters from 1, not UTF-16 units. */
function linesBefore(sql: string, position: number): number {
  return [...sql].slice(0, position - 1).filter((character) => character === "\n").length;
}

function roleOf({ role }: { readonly role?: string | undefined }): { role?: string } {
  return role === undefined ? {} : { role };
}

function clockOf(options: MigrateOptions): { clock?: Clock } {
  return options.clock === undefined ? {} : { clock: options.clock };
}
