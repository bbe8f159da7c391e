import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrationRefusedError } from "./migrationErrors.ts";
import { type Statement, splitStatements } from "./statements.ts";

/** One numbered SQL file. */
export interface MigrationFile {
  /** `0002_visits.sql`. */
  readonly fileName: string;
  /** `0002`: the digits before the first underscore; files run in their numeric order. */
  readonly version: string;
  /** sha256 of the text with LF line ends and without BOM, in hex (F33: CRLF is no edit). */
  readonly checksum: string;
  readonly sql: string;
  /** False when the first line is `-- tenantry: no-transaction`. */
  readonly isTransactional: boolean;
}

const NAME = /^(\d{1,18})_[A-Za-z0-9][A-Za-z0-9_.-]*\.sql$/;
const NO_TRANSACTION = /^--[ \t]*tenantry:[ \t]*no-transaction[ \t]*(?:\n|$)/;

/** Words that end or start a transaction; SAVEPOINT, RELEASE and ROLLBACK TO are fine. */
const TRANSACTION_WORDS: readonly string[] = ["BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK"];

/** Statements that may be repeated after a crash at any moment: the only ones allowed without a transaction (F28, F30). */
const REPEATABLE: readonly RegExp[] = [
  /^CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS\b/,
  /^DROP INDEX CONCURRENTLY IF EXISTS\b/,
  /^REINDEX\b/,
  /^VACUUM\b/,
  /^ANALYZE\b/,
  /^REFRESH MATERIALIZED VIEW CONCURRENTLY\b/,
  /^ALTER TYPE( \w+){1,2} ADD VALUE IF NOT\b/,
];

/**
 * Reads every `*.sql` of a folder, in order. Throws MigrationRefusedError for a name without number, two files of
 * one number, a transaction statement in a file or an unrepeatable one without transaction.
 */
export async function readMigrationFiles(dir: string): Promise<readonly MigrationFile[]> {
  const names = (await readdir(dir)).filter((name) => /\.sql$/i.test(name)).sort();
  const files = await Promise.all(
    names.map(async (name) => parseMigrationFile(name, await readFile(join(dir, name), "utf8"))),
  );
  return sortMigrations(files);
}

/** Checks one file's name and text. Pure. */
export function parseMigrationFile(fileName: string, text: string): MigrationFile {
  const version = NAME.exec(fileName)?.[1];
  if (version === undefined)
    throw new MigrationRefusedError("name", fileName, "expected a name like '0001_patients.sql'");
  const sql = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const isTransactional = !NO_TRANSACTION.test(sql);
  const file = { fileName, version, checksum: checksumOf(sql), sql, isTransactional };
  for (const statement of splitStatements(sql)) assertAllowed(file, statement);
  return file;
}

/** In numeric order. Throws MigrationRefusedError for two files of one number. */
export function sortMigrations(files: readonly MigrationFile[]): readonly MigrationFile[] {
  const sorted = [...files].sort((left, right) => compareVersions(left.version, right.version));
  sorted.forEach((file, index) => {
    const before = sorted[index - 1];
    if (before !== undefined && compareVersions(before.version, file.version) === 0)
      throw new MigrationRefusedError(
        "duplicate",
        file.fileName,
        `'${before.fileName}' has the same number; expected one file a number`,
      );
  });
  return sorted;
}

/** The files up to and with version `target`; all without one. Throws MigrationRefusedError for an unknown target. */
export function filesUpTo(
  files: readonly MigrationFile[],
  target: string | undefined,
): readonly MigrationFile[] {
  if (target === undefined) return files;
  if (target === NO_MIGRATION) return [];
  if (!/^\d+$/.test(target) || !files.some((file) => compareVersions(file.version, target) === 0))
    throw new MigrationRefusedError("target", target, "no migration file has this number");
  return files.filter((file) => compareVersions(file.version, target) <= 0);
}

/** The target of a database that gets no migration: one that was attached with a schema of its own. */
const NO_MIGRATION = "0000";

/** Numeric order of versions; `2` and `0002` are the same. */
export function compareVersions(left: string, right: string): number {
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** 12 hex digits that change with any file's number or text. */
export function migrationSetHash(files: readonly MigrationFile[], baseSql: string): string {
  const hash = createHash("sha256").update(baseSql);
  for (const file of files) hash.update(`\n${file.version} ${file.checksum}`);
  return hash.digest("hex").slice(0, 12);
}

function checksumOf(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}

function assertAllowed(file: MigrationFile, statement: Statement): void {
  const [first = "", second] = statement.words;
  const isTransactionWord = TRANSACTION_WORDS.includes(first) && !(first === "ROLLBACK" && second === "TO");
  if (isTransactionWord || (first === "PREPARE" && second === "TRANSACTION"))
    throw new MigrationRefusedError(
      "transaction",
      file.fileName,
      `'${first}' in line ${statement.line}: the file already runs in a transaction with its ledger row; remove it`,
      statement.line,
    );
  const text = statement.words.join(" ");
  if (!file.isTransactional && !REPEATABLE.some((form) => form.test(text)))
    throw new MigrationRefusedError(
      "not-repeatable",
      file.fileName,
      `'${text}' in line ${statement.line} can't be repeated after a crash; without a transaction only INDEX CONCURRENTLY IF [NOT] EXISTS, REINDEX, VACUUM, ANALYZE, REFRESH CONCURRENTLY and ADD VALUE IF NOT EXISTS are allowed; put the rest into a file of its own`,
      statement.line,
    );
}
