import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ensureTemplate,
  ensureTenantDatabase,
  LEDGER_SQL,
  parseMigrationFile,
  type ServerAdmin,
  withDatabase,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { closeAdmin, makeRole, newTenant, openAdmin, query } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  await admin.client.query("CREATE ROLE analyst");
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

const files = [
  parseMigrationFile(
    "0001_a.sql",
    `CREATE SCHEMA app; CREATE TABLE app.t (a int); ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
     CREATE POLICY mine ON app.t TO CURRENT_USER, analyst USING (a > 0);
     CREATE POLICY everybody ON app.t USING (true);
     GRANT SELECT ON app.t TO analyst;
     ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO analyst WITH GRANT OPTION;
     ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
     ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
     ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO analyst;`,
  ),
];

test("default privileges and policies of a migration become the tenant's, and nothing names the template's owner", async () => {
  const tenant = newTenant("acl");
  await makeRole(admin.client, tenant);
  const template = await ensureTemplate(admin, { baseSql: LEDGER_SQL, files });
  await ensureTenantDatabase(admin, tenant, { template });
  const url = withDatabase(server.adminUrl, tenant.database);
  expect(
    await query(
      url,
      `SELECT defaclobjtype AS type, pg_get_userbyid(defaclrole) AS role, defaclacl::text AS acl FROM pg_default_acl ORDER BY 1`,
    ),
  ).toEqual([
    { type: "T", role: tenant.role, acl: `{${tenant.role}=U/${tenant.role}}` },
    { type: "f", role: tenant.role, acl: `{${tenant.role}=X/${tenant.role}}` },
    { type: "n", role: tenant.role, acl: `{analyst=U/${tenant.role},${tenant.role}=UC/${tenant.role}}` },
    { type: "r", role: tenant.role, acl: `{analyst=r*/${tenant.role}}` },
  ]);
  expect(
    await query(
      url,
      "SELECT policyname AS name, (SELECT string_agg(r, ',' ORDER BY r) FROM unnest(roles::text[]) r) AS roles FROM pg_policies ORDER BY 1",
    ),
  ).toEqual([
    { name: "everybody", roles: "public" },
    { name: "mine", roles: `analyst,${tenant.role}` },
  ]);
  expect(await query(url, "SELECT FROM pg_class WHERE relacl::text LIKE '%template_owner%'")).toEqual([]);
});

test("what the template's owner keeps for the next template is as it was", async () => {
  const names = await query(
    server.adminUrl,
    "SELECT count(*)::int AS templates FROM pg_database WHERE datistemplate AND datname ~ '^tmpl_'",
  );
  expect(names).toEqual([{ templates: 1 }]);
  const again = newTenant("acl-again");
  await makeRole(admin.client, again);
  const template = await ensureTemplate(admin, { baseSql: LEDGER_SQL, files });
  expect(await ensureTenantDatabase(admin, again, { template })).toBe("created");
});
