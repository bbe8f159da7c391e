import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainMigration, loadMigrations, sqlMigrationsHook } from "../../src/hooks/index.ts";
import {
  close,
  LockHeldError,
  parseMigrationFile,
  readMigrationFiles,
  setTenantAccess,
} from "../../src/postgres/index.ts";
import { thrownBy } from "../postgres/support.ts";
import {
  everyRow,
  type HookServer,
  killHard,
  spawnScript,
  startHookServer,
  tenTimes,
  untilBlocked,
} from "./support.ts";

let fixture: HookServer;

const first = parseMigrationFile("0001_a.sql", "CREATE SCHEMA app; CREATE TABLE app.t (a int);");
const second = parseMigrationFile("0002_b.sql", "ALTER TABLE app.t ADD COLUMN b text;");
const hook = sqlMigrationsHook();
const inputs = { slug: "acme", dir: "migrations/tenant", files: [first, second] };

beforeAll(async () => {
  fixture = await startHookServer([first]);
});

afterAll(async () => {
  await fixture.stop();
});

describe("SQL migrations", () => {
  test("the plan names what is pending; apply does it; a second run writes nothing", async () => {
    const context = await fixture.open(await fixture.provision("once"));
    expect(hook.plan(inputs, await hook.observe(context))).toEqual(["0002_b.sql"]);
    expect(await hook.apply(context, inputs)).toEqual({ applied: ["0002_b.sql"], lastMigration: "0002" });
    const before = await everyRow(context.client);
    expect(await hook.apply(context, inputs)).toEqual({ applied: [], lastMigration: "0002" });
    expect(await everyRow(context.client)).toBe(before);
    expect(hook.plan(inputs, await hook.observe(context))).toEqual([]);
    await close(context.client);
  });

  test("a target stops there", async () => {
    const context = await fixture.open(await fixture.provision("target"));
    expect(await hook.apply(context, { ...inputs, target: "0001" })).toEqual({
      applied: [],
      lastMigration: "0001",
    });
    await close(context.client);
  });

  test("from ten connections at once are applied once", async () => {
    const tenant = await fixture.provision("ten");
    const outcomes = await tenTimes(
      () => fixture.open(tenant),
      (context) => hook.apply(context, inputs),
    );
    expect(outcomes.flatMap(({ applied }) => applied)).toEqual(["0002_b.sql"]);
    expect(outcomes.every(({ lastMigration }) => lastMigration === "0002")).toBe(true);
  });

  test("work for a suspended tenant, whose role may not log in", async () => {
    const tenant = await fixture.provision("asleep");
    await setTenantAccess(fixture.admin.client, tenant, false);
    const context = await fixture.open(tenant);
    expect((await hook.apply(context, inputs)).lastMigration).toBe("0002");
    await close(context.client);
  });

  test("killed with SIGKILL in the middle, the next run does the file from its start (F28)", async () => {
    const tenant = await fixture.provision("killed");
    const context = await fixture.open(tenant);
    const holder = await fixture.open(tenant);
    await holder.client.query("BEGIN; LOCK TABLE app.t IN ACCESS EXCLUSIVE MODE");
    const child = spawnScript(
      `import { connect, migrate, readMigrationFiles, parseMigrationFile } from "./src/postgres/index.ts";
       const client = await connect(process.env.DOOMED_URL, { applicationName: "doomed" });
       const files = JSON.parse(process.env.FILES).map(({ fileName, sql }) => parseMigrationFile(fileName, sql));
       console.log("ready");
       await migrate(client, files, { role: process.env.DOOMED_ROLE, lockTimeoutMs: 60000 });`,
      {
        DOOMED_URL: new URL(`/${tenant.database}`, fixture.server.adminUrl).href,
        DOOMED_ROLE: tenant.role,
        FILES: JSON.stringify([
          first,
          parseMigrationFile("0002_b.sql", `CREATE TABLE app.before (); ${second.sql}`),
        ]),
      },
    );
    await untilBlocked(fixture.root.client, "doomed");
    await killHard(child);
    await holder.client.query("ROLLBACK");
    expect((await hook.apply(context, inputs)).applied).toEqual(["0002_b.sql"]);
    expect((await context.client.query("SELECT to_regclass('app.before') AS found")).rows).toEqual([
      { found: null },
    ]);
    await Promise.all([context, holder].map(({ client }) => close(client)));
  });

  test("a failure is E_MIGRATIONS_FAILED with folder, file, line, PostgreSQL's words and the tenant", async () => {
    const context = await fixture.open(await fixture.provision("broken"));
    const broken = parseMigrationFile(
      "0002_b.sql",
      "ALTER TABLE app.t ADD COLUMN c int;\nALTER TABLE app.nowhere ADD d int;",
    );
    const before = await everyRow(context.client);
    const error = await thrownBy(hook.apply(context, { ...inputs, files: [first, broken] }));
    expect([error.code, error.message, error.hint]).toEqual([
      "E_MIGRATIONS_FAILED",
      "migrations/tenant/0002_b.sql:2: relation \"app.nowhere\" does not exist (SQLSTATE 42P01); tenant 'acme' stays on its last version.",
      "Mend the file and run `up acme` again.",
    ]);
    expect(await everyRow(context.client)).toBe(before);
    await close(context.client);
  });

  test("changed and removed files are refused before anything runs (F33)", async () => {
    const context = await fixture.open(await fixture.provision("edited"));
    const edited = parseMigrationFile("0001_a.sql", "CREATE SCHEMA app;");
    const changed = await thrownBy(hook.apply(context, { ...inputs, files: [edited, second] }));
    expect([changed.code, changed.message]).toEqual([
      "E_CHECKSUM_CHANGED",
      `migrations/tenant/0001_a.sql: was applied with checksum ${first.checksum.slice(0, 12)} and now has ${edited.checksum.slice(0, 12)}; expected it unchanged (tenant 'acme').`,
    ]);
    const removed = await thrownBy(hook.apply(context, { ...inputs, files: [second] }));
    expect([removed.code, removed.message]).toEqual([
      "E_MIGRATION_REMOVED",
      "migrations/tenant/0001_a.sql: is applied and its file is gone; expected it unchanged (tenant 'acme').",
    ]);
    await close(context.client);
  });

  test("a held lock is E_LOCKED with its holder", async () => {
    const holder = { pid: 7, applicationName: "up acme on ci-3", address: "10.0.0.1", since: new Date(0) };
    const error = explainMigration(new LockHeldError("tenantry:migration", holder), inputs) as Error & {
      code: string;
    };
    expect([error.code, error.message]).toEqual([
      "E_LOCKED",
      "Tenant 'acme': lock 'tenantry:migration' is held by 'up acme on ci-3' (process 7, 10.0.0.1) since 1970-01-01T00:00:00.000Z; expected no other run.",
    ]);
  });

  test("other errors stay what they are", () => {
    const error = new Error("boom");
    expect(explainMigration(error, inputs)).toBe(error);
  });
});

describe("loading", () => {
  test("gives the folder's files; a command has none", async () => {
    const plan = { kind: "sql" as const, dir: "migrations/tenant" };
    expect(await loadMigrations(plan, process.cwd(), "acme")).toEqual(
      await readMigrationFiles("migrations/tenant"),
    );
    expect(
      await loadMigrations({ kind: "command", run: "x", dir: "migrations" }, process.cwd(), "acme"),
    ).toEqual([]);
  });

  test("of a folder that isn't there is E_MIGRATIONS_FAILED naming it", async () => {
    const error = await thrownBy(loadMigrations({ kind: "sql", dir: "no/such" }, "/nowhere", "acme"));
    expect([error.code, error.message]).toEqual([
      "E_MIGRATIONS_FAILED",
      "no/such: ENOENT: no such file or directory, scandir '/nowhere/no/such'; expected a folder of SQL files (tenant 'acme').",
    ]);
  });
});
