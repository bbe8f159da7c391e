import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Core, openCore } from "../../../src/localcloud/daemon/core.ts";
import { scramVerifier } from "../../../src/postgres/index.ts";
import { hasProgram, run } from "../../support/programs.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";

const ADMIN = "fsadmin";
const PASSWORD = randomBytes(12).toString("hex");
const PERMISSION_DENIED = "42501";

let home: Awaited<ReturnType<typeof temporaryHome>>;
let core: Core;
let port: number;

/** A flexible server as Resource Manager makes it. */
beforeAll(async () => {
  process.env.TENANTRY_LOCAL_FAST = "1";
  home = await temporaryHome();
  core = await openCore(home, ROOT);
  const order = { adminLogin: ADMIN, adminVerifier: await scramVerifier(PASSWORD) };
  ({ port } = await core.context.postgres.ensure("fs-01", order));
});

afterAll(async () => {
  await core.clusters.close();
  await core.store.close();
  await home.remove();
});

/** What a client says of SQL statements: the rows, or the SQLSTATE that stopped it. */
type Client = (statements: readonly string[], database?: string) => Promise<string>;

/** One statement after the other on one connection, each in a transaction of its own. */
const withPg: Client = async (statements, database = "postgres") => {
  const login = { host: "127.0.0.1", port, user: ADMIN, password: PASSWORD, database };
  const client = new pg.Client(login);
  await client.connect();
  try {
    const lines: string[] = [];
    for (const sql of statements) {
      const { rows } = await client.query({ text: sql, rowMode: "array" });
      lines.push(...rows.map((row: unknown[]) => row.map(shown).join("|")));
    }
    return lines.join("\n");
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.end();
  }
};

const withPsql: Client = async (statements, database = "postgres") => {
  const commands = statements.flatMap((sql) => ["--command", sql]);
  const { code, stdout, stderr } = await run(
    "psql",
    [
      "--no-psqlrc",
      "--quiet",
      "--tuples-only",
      "--no-align",
      "--set=ON_ERROR_STOP=1",
      "--set=VERBOSITY=sqlstate",
      ...commands,
    ],
    { PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: ADMIN, PGPASSWORD: PASSWORD, PGDATABASE: database },
  );
  return code === 0 ? stdout.trimEnd() : (/\b([0-9A-Z]{5})\b\s*$/.exec(stderr)?.[1] ?? stderr);
};

function shown(value: unknown): string {
  if (typeof value === "boolean") return value ? "t" : "f";
  return value === null ? "" : String(value);
}

const CLIENTS: readonly (readonly [string, Client, boolean])[] = [
  ["pg", withPg, true],
  ["the real psql (skipped where it isn't installed)", withPsql, hasProgram("psql")],
];

/** What a superuser may and a flexible server's admin may not. */
const SUPERUSER_ONLY = [
  "alter role current_user superuser",
  "alter role current_user replication",
  "alter role current_user bypassrls",
  "create role above superuser",
  "create role streams replication",
  "create role sees_all bypassrls",
  "grant azuresu to current_user",
  "set role azuresu",
  "alter role azuresu password 'x'",
  "alter system set work_mem = '1GB'",
  "copy (select 1) to program 'true'",
  "select pg_read_file('postgresql.conf')",
  "select lo_import('/etc/hostname')",
  "create function f() returns int language internal as 'int4out'",
  "select pg_create_physical_replication_slot('slot')",
  "load 'anything'",
];

// F18. https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-create-users ("The server admin account")
describe.each(CLIENTS)("a flexible server's admin through %s", (label, ask, isThere) => {
  const prefix = label === "pg" ? "a" : "b";

  test.skipIf(!isThere)("has sign-in, inherit, createdb and createrole, and nothing above", async () => {
    const attributes =
      "rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolsuper, rolreplication, rolbypassrls";
    expect(await ask([`select ${attributes} from pg_roles where rolname = current_user`])).toBe(
      "t|t|t|t|f|f|f",
    );
    expect(await ask([`select ${attributes} from pg_roles where rolname = 'azuresu'`])).toBe("t|t|t|t|t|t|t");
  });

  test.skipIf(!isThere)(
    "is a member of azure_pg_admin, which owns the maintenance database, and of nothing else",
    async () => {
      const memberships = `select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid
      join pg_roles who on who.oid = m.member where who.rolname = current_user order by 1`;
      const owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'postgres'";
      expect(await ask([memberships])).toContain("azure_pg_admin");
      expect(await ask([owner])).toBe("azure_pg_admin");
      const superusers = "select string_agg(rolname, ',' order by rolname) from pg_roles where rolsuper";
      expect(await ask([superusers])).toBe("azuresu");
      expect(await ask(["select pg_has_role(current_user, 'azuresu', 'member')"])).toBe("f");
    },
  );

  test.skipIf(!isThere)("finds the builtin locale C.UTF-8 and none of Azure's own extensions", async () => {
    const locale =
      "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database where datname = 'postgres'";
    expect(await ask([locale])).toBe("b|C.UTF-8|UTF8");
    const extensions =
      "select count(*) from pg_available_extensions where name like 'azure%' or name = 'pgaadauth'";
    expect(await ask([extensions])).toBe("0");
  });

  test.skipIf(!isThere).each(SUPERUSER_ONLY)("may not: %s", async (sql) => {
    expect(await ask([sql])).toBe(PERMISSION_DENIED);
  });

  test.skipIf(!isThere)(
    "makes a role and its database once it may become that role, and drops both",
    async () => {
      const [role, database] = [`${prefix}_owner`, `${prefix}_data`];
      expect(await ask([`create role ${role} login password 'x'`])).toBe("");
      expect(await ask([`create database ${database} owner ${role}`])).toBe(PERMISSION_DENIED);
      expect(await ask([`grant ${role} to current_user with set true, inherit true`])).toBe("");
      expect(await ask([`create database ${database} owner ${role}`])).toBe("");
      expect(await ask(["select current_database()"], database)).toBe(database);
      expect(await ask([`drop database ${database}`, `drop role ${role}`])).toBe("");
    },
  );

  test.skipIf(!isThere)("may not clone a database of another's that is no template", async () => {
    const [role, source] = [`${prefix}_source_owner`, `${prefix}_source`];
    await ask([`create role ${role}`, `grant ${role} to current_user with set true, inherit true`]);
    await ask([`create database ${source} owner ${role}`, `revoke ${role} from current_user`]);
    await ask([`grant ${role} to current_user with set false, inherit false`]);
    expect(await ask([`create database ${prefix}_copy template ${source}`])).toBe(PERMISSION_DENIED);
    await ask([`grant ${role} to current_user with set true, inherit true`]);
    expect(await ask([`drop database ${source}`, `drop role ${role}`])).toBe("");
  });
});

describe.skipIf(!hasProgram("psql"))("the real psql (skipped where it isn't installed)", () => {
  const psql = (env: Record<string, string>, ...args: readonly string[]) =>
    run("psql", ["--no-psqlrc", "--no-password", ...args], { PGPASSWORD: PASSWORD, ...env });
  const url = (options = "") => `postgres://${ADMIN}@127.0.0.1:${port}/postgres${options}`;

  test("logs in by URL, and not with another password", async () => {
    const { code, stdout } = await psql(
      {},
      url(),
      "--tuples-only",
      "--no-align",
      "--command",
      "select 1 + 1",
    );
    expect([code, stdout.trim()]).toEqual([0, "2"]);
    const wrong = await psql({ PGPASSWORD: "wrong" }, url(), "--command", "select 1");
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining("password authentication failed"),
    ]);
  });

  test("lists the admin by \\du as Azure's pages describe it", async () => {
    const { stdout } = await psql({}, url(), "--tuples-only", "--no-align", "--command", `\\du ${ADMIN}`);
    // Clients before 16 show memberships in a third column.
    expect(stdout.trim()).toMatch(/^fsadmin\|Create role, Create DB(\|\{azure_pg_admin\})?$/);
  });

  // https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-ssl-tls (TLS is enforced there)
  test("is refused TLS, which Azure enforces: docs/parity.md says so", async () => {
    const { code, stderr } = await psql({}, url("?sslmode=require"), "--command", "select 1");
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("server does not support SSL, but SSL was required"),
    ]);
  });
});
