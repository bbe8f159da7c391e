import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Client,
  close,
  connect,
  ident,
  MIGRATION_LOCK_KEY,
  migrate,
  parseMigrationFile,
  readLedger,
  type ServerAdmin,
  withAdvisoryLock,
  withDatabase,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { closeAdmin, openAdmin, thrownBy } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;
let database = 0;
let url: string;
let client: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  await admin.client.query(
    "CREATE ROLE app_owner; GRANT app_owner TO CURRENT_USER WITH INHERIT TRUE, SET TRUE",
  );
});

beforeEach(async () => {
  database += 1;
  const name = `m${database}`;
  await admin.client.query(`CREATE DATABASE ${ident(name)} OWNER app_owner`);
  url = withDatabase(server.adminUrl, name);
  client = await open();
  return () => close(client);
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

const open = () => connect(url, { applicationName: "runner", retryBudgetMs: 0 });
const ROLE = { role: "app_owner" };
const first = parseMigrationFile(
  "0001_a.sql",
  "CREATE TABLE t (a int PRIMARY KEY);\nINSERT INTO t VALUES (1);",
);
const second = parseMigrationFile("0002_b.sql", "ALTER TABLE t ADD COLUMN b text;");

const rows = async (sql: string) => (await client.query(sql)).rows;
const versions = async () => (await readLedger(client)).map((row) => row.version);

describe("migrations", () => {
  test("run in order as the role, each with its row; a second run takes no lock and writes nothing", async () => {
    const done: string[] = [];
    const onFile = (file: { version: string }, moment: string) => done.push(`${moment} ${file.version}`);
    await migrate(client, [first, second], { ...ROLE, onFile });
    expect(done).toEqual(["before 0001", "after 0001", "before 0002", "after 0002"]);
    expect(
      await rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'tenantry')"),
    ).toEqual([{ tableowner: "app_owner" }]);
    const state = () => rows("SELECT pg_current_wal_lsn() AS lsn");
    const before = await state();
    expect(await migrate(client, [first, second], ROLE)).toMatchObject({ applied: [] });
    expect(await state()).toEqual(before);
  });

  test("ten runners at once apply each file once (F29)", async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, open));
    const applied = await Promise.all(clients.map((one) => migrate(one, [first, second], ROLE)));
    await Promise.all(clients.map(close));
    expect(applied.flatMap((each) => each.applied).map((file) => file.version)).toEqual(["0001", "0002"]);
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 1, b: null }]);
  });

  test("a failure names file, line and PostgreSQL's words, and leaves the old version (F27)", async () => {
    await migrate(client, [first], ROLE);
    const broken = parseMigrationFile(
      "0002_b.sql",
      "ALTER TABLE t ADD COLUMN c int;\n\n-- twice\nINSERT INTO t\n  VALUES (1);\n",
    );
    const error = await thrownBy(migrate(client, [first, broken], ROLE));
    expect(error.message).toBe('0002_b.sql:4: duplicate key value violates unique constraint "t_pkey"');
    expect(error.sqlState).toBe("23505");
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 1 }]);
    expect(await versions()).toEqual(["0001"]);
  });

  test("a failure's line is where PostgreSQL points, also after letters outside of the basic plane", async () => {
    const broken = parseMigrationFile("0001_a.sql", "SELECT '𝒳𝒳𝒳',\n  '𝒳',\n  oops;");
    expect((await thrownBy(migrate(client, [broken], ROLE))).message).toBe(
      '0001_a.sql:3: column "oops" does not exist',
    );
  });

  test("row values are not in the error: they are a tenant's data", async () => {
    const broken = parseMigrationFile(
      "0001_a.sql",
      "CREATE TABLE p (n text UNIQUE); INSERT INTO p VALUES ('Jo Doe'), ('Jo Doe')",
    );
    expect((await thrownBy(migrate(client, [broken], ROLE))).message).not.toContain("Jo Doe");
  });

  test("a file's own SET ROLE and search_path don't reach the next one", async () => {
    const rude = parseMigrationFile(
      "0001_a.sql",
      "CREATE SCHEMA s; SET search_path = s; SET lock_timeout = 1; RESET ROLE;",
    );
    const next = parseMigrationFile("0002_b.sql", "CREATE TABLE here ()");
    await migrate(client, [rude, next], ROLE);
    expect(await rows("SELECT schemaname, tableowner FROM pg_tables WHERE tablename = 'here'")).toEqual([
      { schemaname: "public", tableowner: "app_owner" },
    ]);
  });

  test("a runner that dies in the middle of a file leaves nothing of it; the next one does it (F28)", async () => {
    const slow = parseMigrationFile("0001_a.sql", "CREATE TABLE t (a int); SELECT pg_sleep(30);");
    const doomed = await open();
    const { pid } = (await doomed.query("SELECT pg_backend_pid() AS pid")).rows[0];
    const dying = thrownBy(migrate(doomed, [slow], ROLE));
    await untilActive(pid, "pg_sleep");
    await admin.client.query("SELECT pg_terminate_backend($1)", [pid]);
    expect((await dying).message).toMatch(/terminat/);
    const mended = parseMigrationFile("0001_a.sql", "CREATE TABLE t (a int);");
    expect((await migrate(client, [mended], ROLE)).applied.map((file) => file.version)).toEqual(["0001"]);
  });

  test("DDL steps back from a long reader and tries again; the application's reads go on (F31)", async () => {
    await migrate(client, [first], ROLE);
    const reader = await open();
    await reader.query("BEGIN; SELECT * FROM t");
    const running = migrate(client, [first, second], { ...ROLE, lockTimeoutMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const application = await open();
    await application.query("SET statement_timeout = 20000; SELECT * FROM t");
    await reader.query("COMMIT");
    expect((await running).applied.map((file) => file.version)).toEqual(["0002"]);
    await Promise.all([reader, application].map(close));
  });

  test("a reader that never ends makes it fail with the lock's own words", async () => {
    await migrate(client, [first], ROLE);
    const reader = await open();
    await reader.query("BEGIN; SELECT * FROM t");
    const error = await thrownBy(
      migrate(client, [first, second], { ...ROLE, lockTimeoutMs: 20, lockBudgetMs: 100 }),
    );
    expect(error.message).toBe("0002_b.sql:1: canceling statement due to lock timeout");
    await close(reader);
  });

  test("a lock that is held for too long is told with its holder", async () => {
    const holder = await connect(url, { applicationName: "other run", retryBudgetMs: 0 });
    await withAdvisoryLock(holder, MIGRATION_LOCK_KEY, async () => {
      expect((await thrownBy(migrate(client, [first], { ...ROLE, waitMs: 0 }))).message).toMatch(
        /^lock 'tenantry:migration' is held by 'other run' \(process \d+, 127.0.0.1\) since /,
      );
    });
    await close(holder);
  });
});

describe("files without transaction", () => {
  const concurrent = parseMigrationFile(
    "0002_i.sql",
    "-- tenantry: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);\nVACUUM t;",
  );
  const unique = parseMigrationFile(
    "0002_i.sql",
    "-- tenantry: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_b ON t (b);",
  );
  const twins = parseMigrationFile("0001_a.sql", "CREATE TABLE t (b int); INSERT INTO t VALUES (1), (1);");

  test("run alone, as the role, and are recorded", async () => {
    await migrate(client, [first, concurrent], ROLE);
    expect(await versions()).toEqual(["0001", "0002"]);
    expect(await rows("SELECT tableowner FROM pg_tables WHERE tablename = 't'")).toEqual([
      { tableowner: "app_owner" },
    ]);
    expect(await rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });

  test("an index that failed is not taken for done: it is dropped and built again (F30)", async () => {
    await thrownBy(migrate(client, [twins, unique], ROLE));
    expect(await rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_b'::regclass")).toEqual([
      { indisvalid: false },
    ]);
    expect((await readLedger(client)).map((row) => row.appliedAt === undefined)).toEqual([false, true]);
    expect((await thrownBy(migrate(client, [twins, unique], ROLE))).message).toMatch(
      /^0002_i.sql:2: could not create unique index/,
    );
    await client.query("DELETE FROM t WHERE ctid = '(0,1)'");
    await migrate(client, [twins, unique], ROLE);
    expect(await rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_b'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });

  test("started and never seen to end, a file is run again (F28)", async () => {
    await migrate(client, [first], ROLE);
    await client.query(
      "INSERT INTO tenantry.migration (version, name, checksum) VALUES ('0002', '0002_i.sql', 'x')",
    );
    expect((await migrate(client, [first, concurrent], ROLE)).applied.map((file) => file.version)).toEqual([
      "0002",
    ]);
    expect(await versions()).toEqual(["0001", "0002"]);
  });

  test("two runners at once don't deadlock (F29)", async () => {
    await migrate(client, [first], ROLE);
    const other = await open();
    const applied = await Promise.all([client, other].map((one) => migrate(one, [first, concurrent], ROLE)));
    expect(applied.flatMap((each) => each.applied).map((file) => file.version)).toEqual(["0002"]);
    await close(other);
  });
});

async function untilActive(pid: number, word: string): Promise<void> {
  for (;;) {
    const { rows: found } = await admin.client.query(
      "SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND position($2 in query) > 0",
      [pid, word],
    );
    if (found.length === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
