import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareVersions,
  filesUpTo,
  type LedgerRow,
  lastMigration,
  type MigrationFile,
  parseMigrationFile,
  pendingMigrations,
  readMigrationFiles,
  sortMigrations,
} from "../../src/postgres/index.ts";
import { thrownBy } from "./support.ts";

const file = (name: string, sql = "SELECT 1;"): MigrationFile => parseMigrationFile(name, sql);
const applied = ({ version, fileName, checksum }: MigrationFile): LedgerRow => ({
  version,
  name: fileName,
  checksum,
  appliedAt: new Date(0),
});

test("the project's own tenant migrations are readable and in order", async () => {
  const files = await readMigrationFiles("migrations/tenant");
  expect(files.map(({ fileName }) => fileName)).toEqual([
    "0001_patients.sql",
    "0002_visits.sql",
    "0003_reporting.sql",
  ]);
});

test("line ends and a byte order mark are no edit (F33)", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (lines) => {
      const clean = lines.map((line) => `-- ${line.replace(/[\r\n]/g, "")}`).join("\n");
      const windows = `\uFEFF${clean.replace(/\n/g, "\r\n")}`;
      expect(file("0001_a.sql", windows).checksum).toBe(file("0001_a.sql", clean).checksum);
    }),
  );
});

test("numeric order, not text order", () => {
  const names = ["10_c.sql", "9_b.sql", "0001_a.sql"];
  expect(sortMigrations(names.map((name) => file(name))).map(({ version }) => version)).toEqual([
    "0001",
    "9",
    "10",
  ]);
  expect([compareVersions("2", "0002"), compareVersions("9", "10"), compareVersions("10", "9")]).toEqual([
    0, -1, 1,
  ]);
});

test.each([
  ["a.sql", "SELECT 1", "a.sql: expected a name like '0001_patients.sql'."],
  [
    "0001_a.sql",
    "SELECT 1;\nCOMMIT;",
    "0001_a.sql: 'COMMIT' in line 2: the file already runs in a transaction with its ledger row; remove it.",
  ],
  [
    "0001_a.sql",
    "begin; SELECT 1",
    "0001_a.sql: 'BEGIN' in line 1: the file already runs in a transaction with its ledger row; remove it.",
  ],
  [
    "0001_a.sql",
    "-- tenantry: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a)",
    "0001_a.sql: 'CREATE INDEX CONCURRENTLY I ON T A' in line 2 can't be repeated after a crash; without a transaction only INDEX CONCURRENTLY IF [NOT] EXISTS, REINDEX, VACUUM, ANALYZE, REFRESH CONCURRENTLY and ADD VALUE IF NOT EXISTS are allowed; put the rest into a file of its own.",
  ],
])("refuses %s: %j", (name, sql, message) => {
  expect(() => file(name, sql)).toThrow(message);
});

test("words that look like transaction control but are none are fine", () => {
  const sql = "SAVEPOINT a; ROLLBACK TO a; RELEASE a; SELECT 'COMMIT;'; DO $$ BEGIN NULL; END $$;";
  expect(file("0001_a.sql", sql).isTransactional).toBe(true);
});

test("the directive in the first line takes the file out of a transaction", () => {
  const sql = "-- tenantry: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);\nVACUUM t;";
  expect(file("0001_a.sql", sql).isTransactional).toBe(false);
});

test("two files of one number are refused", () => {
  expect(() => sortMigrations([file("0001_a.sql"), file("01_b.sql")])).toThrow(
    "01_b.sql: '0001_a.sql' has the same number; expected one file a number.",
  );
});

test("pending is what the ledger lacks, up to the target", () => {
  const files = [file("0001_a.sql"), file("0002_b.sql"), file("0003_c.sql")];
  const [first] = files as [MigrationFile];
  const names = (target?: string) =>
    pendingMigrations(files, [applied(first)], target).map((one) => one.version);
  expect([names(), names("0002"), names("1")]).toEqual([["0002", "0003"], ["0002"], []]);
  expect(() => filesUpTo(files, "7")).toThrow("7: no migration file has this number.");
  expect(lastMigration([applied(first)])).toBe("0001");
  expect(lastMigration([])).toBe("");
});

test("a target below what is applied is nothing to do", () => {
  const files = [file("0001_a.sql"), file("0002_b.sql")];
  expect(pendingMigrations(files, files.map(applied), "0001")).toEqual([]);
});

test("changed, removed and late files are refused by name (F33)", async () => {
  const [a, b, c] = [file("0001_a.sql"), file("0002_b.sql"), file("0003_c.sql")];
  expect(() => pendingMigrations([file("0001_a.sql", "SELECT 2"), b], [applied(a)])).toThrow(
    /^0001_a.sql: was applied with checksum [0-9a-f]{12} and now has [0-9a-f]{12}; expected it unchanged\.$/,
  );
  expect(() => pendingMigrations([b], [applied(a)])).toThrow(
    "0001_a.sql: is applied and its file is gone; expected it unchanged.",
  );
  expect(() => pendingMigrations([a, b, c], [applied(a), applied(c)])).toThrow(
    "0002_b.sql: sorts before '0003_c.sql', which is applied; expected a number above 0003.",
  );
  const error = await thrownBy((async () => pendingMigrations([b], [applied(a)]))());
  expect(error.refusal).toBe("removed");
});
