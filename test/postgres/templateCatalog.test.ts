import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TENANT_SCHEMA_SQL } from "../../src/hooks/tenantSchema.ts";
import { createEmptyDatabase } from "../../src/postgres/emptyDatabase.ts";
import {
  ensureTemplate,
  ensureTenantDatabase,
  type MigrationFile,
  migrate,
  readMigrationFiles,
  type ServerAdmin,
  setTenantAccess,
  type TenantDatabase,
  withConnection,
  withDatabase,
  withTransaction,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { closeAdmin, makeRole, newTenant, openAdmin } from "./support.ts";

const MIGRATIONS = resolve(import.meta.dirname, "../../migrations/tenant");
const OPTIONS = { applicationName: "test", retryBudgetMs: 0 };

/** What pg_dump would show of schemas that aren't PostgreSQL's own, a statement a kind of object. */
const CATALOGS: Readonly<Record<string, string>> = {
  schemas:
    "SELECT nspname, pg_get_userbyid(nspowner) AS owner, nspacl::text AS acl FROM pg_namespace n WHERE $WHERE",
  relations: `SELECT n.nspname, relname, relkind, pg_get_userbyid(relowner) AS owner, relacl::text AS acl, relpersistence,
      relrowsecurity, reloptions, CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) END AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE $WHERE`,
  columns: `SELECT n.nspname, relname, attname, attnum, format_type(atttypid, atttypmod) AS type, attnotnull, attidentity,
      pg_get_expr(adbin, adrelid) AS fallback, attacl::text AS acl
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum WHERE $WHERE`,
  constraints: `SELECT n.nspname, conname, contype, convalidated, pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace WHERE $WHERE`,
  functions: `SELECT n.nspname, proname, pg_get_userbyid(proowner) AS owner, proacl::text AS acl, pg_get_functiondef(p.oid) AS definition
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE $WHERE`,
  triggers: `SELECT n.nspname, tgname, tgenabled, pg_get_triggerdef(t.oid) AS definition
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT tgisinternal AND $WHERE`,
  types: `SELECT n.nspname, typname, typtype, pg_get_userbyid(typowner) AS owner, typacl::text AS acl,
      ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE $WHERE`,
  sequences: `SELECT n.nspname, relname, seqstart, seqincrement, seqmax, seqcycle
    FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE $WHERE`,
  defaults:
    "SELECT pg_get_userbyid(defaclrole) AS role, defaclobjtype, defaclacl::text AS acl FROM pg_default_acl",
  database: `SELECT pg_get_userbyid(datdba) AS owner, datacl::text AS acl, encoding, datlocprovider, datcollate, datctype, datlocale,
      datallowconn, datistemplate, datconnlimit FROM pg_database WHERE datname = current_database()`,
  ledger:
    "SELECT version, name, checksum, started_at IS NOT NULL AS is_started, applied_at >= started_at AS has_ended FROM tenantry.migration",
  dashboards: "SELECT title, layout FROM reporting.dashboard",
};
const OWN_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

let server: TestPostgres;
let admin: ServerAdmin;
let files: readonly MigrationFile[];

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  files = await readMigrationFiles(join(MIGRATIONS));
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

/** Every catalog's rows as sorted texts, with the tenant's own names taken out. */
async function catalogsOf({ database, role }: TenantDatabase): Promise<Record<string, readonly string[]>> {
  return withConnection(withDatabase(server.superuserUrl, database), OPTIONS, async (client) => {
    const found: Record<string, readonly string[]> = {};
    for (const [kind, sql] of Object.entries(CATALOGS)) {
      const { rows } = await client.query(sql.replace("$WHERE", OWN_SCHEMAS));
      found[kind] = rows
        .map((row) => JSON.stringify(row).replaceAll(role, "<owner>").replaceAll(database, "<database>"))
        .sort();
    }
    return found;
  });
}

/** The same tenant without a template: an empty database, and every file run in it. */
async function replay(tenant: TenantDatabase): Promise<void> {
  await createEmptyDatabase(admin, tenant.database, tenant.role);
  await admin.client.query(
    `COMMENT ON DATABASE "${tenant.database}" IS 'tenantry:${tenant.marker.stack}:${tenant.marker.slug}:${tenant.marker.tenantId}'`,
  );
  await withConnection(withDatabase(admin.url, tenant.database), OPTIONS, async (client) => {
    await withTransaction(client, () => client.query(TENANT_SCHEMA_SQL), { role: tenant.role });
    await migrate(client, files, { role: tenant.role });
  });
  await setTenantAccess(admin.client, tenant, true);
}

test("a clone of the template has the same objects, owners, grants and ledger as a replay (P7)", async () => {
  const [cloned, replayed] = [newTenant("cloned"), newTenant("replayed")];
  for (const tenant of [cloned, replayed]) await makeRole(admin.client, tenant);
  const template = await ensureTemplate(admin, { baseSql: TENANT_SCHEMA_SQL, files });
  await ensureTenantDatabase(admin, cloned, { template, strategy: "file_copy" });
  await setTenantAccess(admin.client, cloned, true);
  await replay(replayed);
  const expected = await catalogsOf(replayed);
  expect(expected.ledger).toHaveLength(files.length);
  expect(expected.relations?.length).toBeGreaterThan(20);
  expect(await catalogsOf(cloned)).toEqual(expected);
});
