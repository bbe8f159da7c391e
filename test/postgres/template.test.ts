import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ensureTemplate,
  ensureTenantDatabase,
  LEDGER_SQL,
  observeDatabase,
  observeRole,
  parseMigrationFile,
  type ServerAdmin,
  TEMPLATE_OWNER,
  type TemplateContent,
  templateName,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { closeAdmin, makeRole, newTenant, openAdmin, query, thrownBy } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;
let root: ServerAdmin;

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  root = await openAdmin(server.superuserUrl);
});

afterAll(async () => {
  await closeAdmin(admin);
  await closeAdmin(root);
  await server.stop();
});

/** Content that no other test of this file has. */
function content(marker: string): TemplateContent {
  return {
    baseSql: LEDGER_SQL,
    files: [parseMigrationFile("0001_a.sql", `CREATE TABLE public.t (a int); -- ${marker}`)],
  };
}

const databases = async () =>
  (await admin.client.query("SELECT datname FROM pg_database WHERE datname ~ '^tmpl_' ORDER BY 1")).rows.map(
    (row) => row.datname,
  );

test("is named after its content, closed, marked, and owned by the admin", async () => {
  const name = await ensureTemplate(admin, content("one"));
  expect(name).toMatch(/^tmpl_tenantry_[0-9a-f]{12}$/);
  expect(await observeDatabase(admin.client, name)).toEqual({
    name,
    owner: "tenantry_admin",
    comment: "tenantry:template",
    allowsConnections: false,
    isTemplate: true,
    connectionLimit: -1,
    isInvalid: false,
    isOpenToPublic: false,
    connectGrantees: ["tenantry_admin"],
  });
  expect(templateName(content("two"))).not.toBe(name);
});

test("its objects' owner can't log in and owns no database", async () => {
  await ensureTemplate(admin, content("one"));
  expect(await observeRole(admin.client, TEMPLATE_OWNER)).toEqual({
    name: TEMPLATE_OWNER,
    canLogin: false,
    comment: "tenantry:template-owner",
    isPrivileged: false,
  });
  const owned = await admin.client.query("SELECT FROM pg_database WHERE pg_get_userbyid(datdba) = $1::text", [
    TEMPLATE_OWNER,
  ]);
  expect(owned.rowCount).toBe(0);
});

test("asked for twice it is not touched", async () => {
  const name = await ensureTemplate(admin, content("twice"));
  const oid = async () =>
    (await admin.client.query("SELECT oid, xmin::text FROM pg_database WHERE datname = $1::text", [name]))
      .rows;
  const before = await oid();
  expect(await ensureTemplate(admin, content("twice"))).toBe(name);
  expect(await oid()).toEqual(before);
});

test("asked for by ten runs at once it is built once", async () => {
  const admins = await Promise.all(Array.from({ length: 10 }, () => openAdmin(server.adminUrl)));
  const names = await Promise.all(admins.map((one) => ensureTemplate(one, content("ten"))));
  expect(new Set(names).size).toBe(1);
  await Promise.all(admins.map(closeAdmin));
  expect((await databases()).filter((name) => name.endsWith("_new"))).toEqual([]);
});

test("a failing migration leaves no template, and is told with file and line", async () => {
  const broken = {
    baseSql: LEDGER_SQL,
    files: [parseMigrationFile("0001_a.sql", "SELECT 1;\n\nSELECT oops;")],
  };
  const before = await databases();
  expect((await thrownBy(ensureTemplate(admin, broken))).message).toBe(
    '0001_a.sql:3: column "oops" does not exist',
  );
  expect(await databases()).toEqual(before);
});

test("what a killed build left is built anew (F34)", async () => {
  const name = templateName(content("killed"));
  await admin.client.query(`CREATE DATABASE ${name}_new`);
  await admin.client.query(`CREATE DATABASE "${name}"`);
  await admin.client.query(`COMMENT ON DATABASE "${name}" IS 'tenantry:template'`);
  await ensureTemplate(admin, content("killed"));
  expect(await databases()).not.toContain(`${name}_new`);
  expect((await observeDatabase(admin.client, name))?.isTemplate).toBe(true);
});

test("a foreign database of its name is refused and stays", async () => {
  const name = templateName(content("foreign"));
  await admin.client.query(`CREATE DATABASE "${name}"`);
  expect((await thrownBy(ensureTemplate(admin, content("foreign")))).message).toBe(
    `database '${name}' exists without a marker; expected 'tenantry:template'.`,
  );
  await admin.client.query(`DROP DATABASE "${name}"`);
});

test("one whose collation version no longer fits is built anew and can be cloned (F21)", async () => {
  const name = await ensureTemplate(admin, content("collation"));
  await root.client.query("UPDATE pg_database SET datcollversion = '0.1' WHERE datname = $1", [name]);
  const tenant = newTenant("collation");
  await makeRole(admin.client, tenant);
  expect((await thrownBy(ensureTenantDatabase(admin, tenant, { template: name }))).message).toMatch(
    /collation version mismatch/,
  );
  expect(await ensureTemplate(admin, content("collation"))).toBe(name);
  expect(await ensureTenantDatabase(admin, tenant, { template: name })).toBe("created");
});

test("nobody can hold it open: a session on it is refused, so eight clones at once succeed (F11)", async () => {
  const name = await ensureTemplate(admin, content("clones"));
  const url = new URL(server.superuserUrl);
  url.pathname = `/${name}`;
  expect((await thrownBy(query(url.href, "SELECT 1"))).code).toBe("55000");
  const admins = await Promise.all(Array.from({ length: 8 }, () => openAdmin(server.adminUrl)));
  const outcomes = await Promise.all(
    admins.map(async (one, index) => {
      const tenant = newTenant(`clone-${index}`);
      await makeRole(one.client, tenant);
      return ensureTenantDatabase(one, tenant, {
        template: name,
        strategy: index % 2 === 0 ? "file_copy" : "wal_log",
      });
    }),
  );
  await Promise.all(admins.map(closeAdmin));
  expect(outcomes).toEqual(Array(8).fill("created"));
});

test("the last few stay when a new one is built, older ones go, and strangers' are left alone", async () => {
  await admin.client.query("CREATE DATABASE tmpl_tenantry_foreign IS_TEMPLATE true");
  const before = (await databases()).length;
  const names: string[] = [];
  for (const marker of ["s1", "s2", "s3", "s4", "s5"])
    names.push(await ensureTemplate(admin, content(marker)));
  const left = await databases();
  expect(left.filter((name) => names.includes(name)).sort()).toEqual(names.slice(1).sort());
  expect(left).toContain("tmpl_tenantry_foreign");
  expect(before).toBeGreaterThan(4);
  expect(left).toHaveLength(5);
});

test("one that was dropped before it could be cloned is built anew", async () => {
  const gone = await ensureTemplate(admin, content("gone"));
  for (const marker of ["g1", "g2", "g3", "g4"]) await ensureTemplate(admin, content(marker));
  expect(await databases()).not.toContain(gone);
  const tenant = newTenant("gone");
  await makeRole(admin.client, tenant);
  const answers = [gone];
  const template = async () => answers.pop() ?? ensureTemplate(admin, content("gone"));
  expect(await ensureTenantDatabase(admin, tenant, { template })).toBe("created");
});

test("a server default that kills statements doesn't reach the admin's (F13)", async () => {
  await root.client.query("ALTER ROLE tenantry_admin SET statement_timeout = '1ms'");
  const hurried = await openAdmin(server.adminUrl);
  await ensureTemplate(hurried, content("hurried"));
  await closeAdmin(hurried);
  await root.client.query("ALTER ROLE tenantry_admin RESET statement_timeout");
});
