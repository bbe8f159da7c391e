import { randomBytes } from "node:crypto";
import { TENANT_SCHEMA_SQL } from "../../src/hooks/index.ts";
import {
  type Client,
  ensureTemplate,
  ensureTenantDatabase,
  type MigrationFile,
  parseMigrationFile,
  readMigrationFiles,
  type ServerAdmin,
  type TemplateContent,
  type TenantDatabase,
  withConnection,
  withDatabase,
} from "../../src/postgres/index.ts";
import type { BackupRequest } from "../../src/transfer/index.ts";
import { makeRole, newTenant } from "../postgres/support.ts";

/** Everything an archive has to cope with, beside the project's own migrations. */
const AWKWARD: MigrationFile = parseMigrationFile(
  "0004_awkward.sql",
  `CREATE SCHEMA "Odd schema";
   CREATE TABLE "Odd schema"."a ""quoted"" table" (
     id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5), "select" text, double_id bigint GENERATED ALWAYS AS (id * 2) STORED);
   CREATE TABLE app.parent (id int PRIMARY KEY, child int);
   CREATE TABLE app.child (id int PRIMARY KEY, parent int NOT NULL REFERENCES app.parent DEFERRABLE INITIALLY DEFERRED);
   ALTER TABLE app.parent ADD CONSTRAINT parent_child FOREIGN KEY (child) REFERENCES app.child;
   COMMENT ON CONSTRAINT parent_child ON app.parent IS 'it''s round';
   CREATE TABLE app.measured (at date, value numeric) PARTITION BY RANGE (at);
   CREATE TABLE app.measured_2026 PARTITION OF app.measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
   CREATE TABLE app.measured_rest PARTITION OF app.measured DEFAULT;
   CREATE TABLE app.no_columns ();
   CREATE TABLE app.base (a int); CREATE TABLE app.heir (b int) INHERITS (app.base);
   CREATE TABLE app.blob (id int, bytes bytea, doc jsonb, days daterange, tags text[], f float8);
   CREATE SEQUENCE app.untouched; CREATE SEQUENCE app.counter START 7;
   CREATE TABLE app.guarded (who text, note text); ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
   CREATE POLICY own ON app.guarded USING (who = current_user);
   CREATE FUNCTION app.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no rows''; END';
   CREATE TRIGGER refuse BEFORE INSERT ON app.blob FOR EACH ROW EXECUTE FUNCTION app.refuse();
   ALTER TABLE app.blob DISABLE TRIGGER refuse;
   CREATE TRIGGER stop BEFORE TRUNCATE ON app.child FOR EACH STATEMENT EXECUTE FUNCTION app.refuse();
   ALTER TABLE app.child ENABLE ALWAYS TRIGGER stop;
   CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) AS n FROM app.patient;
   CREATE DOMAIN app.mail AS text CHECK (VALUE LIKE '%@%');
   REVOKE EXECUTE ON FUNCTION app.refuse() FROM PUBLIC; GRANT USAGE ON SCHEMA app TO PUBLIC;`,
);

/** The project's migrations and the awkward one. */
export async function tenantContent(): Promise<TemplateContent> {
  const files = await readMigrationFiles("migrations/tenant");
  return { baseSql: TENANT_SCHEMA_SQL, files: [...files, AWKWARD] };
}

/** A tenant with rows in most tables. */
export async function makeTenant(
  admin: ServerAdmin,
  slug: string,
  content: TemplateContent,
): Promise<TenantDatabase> {
  const tenant = newTenant(slug);
  await makeRole(admin.client, tenant);
  await ensureTenantDatabase(admin, tenant, { template: await ensureTemplate(admin, content) });
  await inside(admin, tenant, (client) => fill(client, tenant.role));
  return tenant;
}

export function inside<T>(
  admin: ServerAdmin,
  tenant: TenantDatabase,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  return withConnection(withDatabase(admin.url, tenant.database), admin.options, body);
}

async function fill(client: Client, role: string): Promise<void> {
  await client.query(`SET ROLE "${role}"`);
  await client.query(
    `INSERT INTO app.practitioner (full_name, speciality, license_no) SELECT 'Dr ' || n, 'GP', 'L' || n FROM generate_series(1, 20) n;
     INSERT INTO app.patient (full_name, born_on, email) SELECT E'Pat\\t' || n || E'\\n\\\\', '1990-01-01', NULL FROM generate_series(1, 500) n;
     INSERT INTO app.visit (patient_id, practitioner_id, starts_at)
       SELECT p.id, (SELECT id FROM app.practitioner LIMIT 1), now() FROM app.patient p;
     INSERT INTO "Odd schema"."a ""quoted"" table" ("select") VALUES ('x'), (NULL), ('\\N');
     BEGIN; INSERT INTO app.parent VALUES (1, NULL), (2, NULL); INSERT INTO app.child VALUES (1, 1), (2, 2); UPDATE app.parent SET child = id; COMMIT;
     INSERT INTO app.measured VALUES ('2026-05-05', 1.50), ('1999-01-01', 2);
     INSERT INTO app.no_columns DEFAULT VALUES; INSERT INTO app.no_columns DEFAULT VALUES;
     INSERT INTO app.base VALUES (1); INSERT INTO app.heir VALUES (2, 3);
     INSERT INTO app.guarded VALUES ('somebody else', 'hidden by policy from others');
     SELECT nextval('app.counter'), nextval('app.counter');
     REFRESH MATERIALIZED VIEW app.totals;
     UPDATE reporting.dashboard SET title = 'Changed';
     INSERT INTO tenantry.setting VALUES ('a', '{"b": [1]}', 'plan')`,
  );
  // More than one piece of the archive.
  await client.query(
    "INSERT INTO app.blob SELECT n, $1, '{\"k\": \"ü\"}', '[2026-01-01,2026-02-01)', '{a,\"b c\",NULL}', 0.1 + 0.2 FROM generate_series(1, 60) n",
    [randomBytes(20_000)],
  );
  await client.query("RESET ROLE");
}

export function requestFor(
  admin: ServerAdmin,
  tenant: TenantDatabase,
  content: TemplateContent,
  projectRoot: string,
  change: Partial<BackupRequest> = {},
): BackupRequest {
  return {
    slug: tenant.marker.slug,
    tenantId: tenant.marker.tenantId,
    admin,
    database: tenant.database,
    role: tenant.role,
    content,
    destination: "backups",
    projectRoot,
    kind: "final",
    now: new Date("2026-11-21T12:00:00.123Z"),
    format: "archive",
    ...change,
  };
}

/** Rows of every table, sequences, and everything's owner and privileges: what a restored database must equal. */
export async function contentsOf(client: Client, role: string): Promise<Record<string, unknown>> {
  await client.query("SET search_path = ''; SET extra_float_digits = 3");
  const all: Record<string, unknown> = {};
  const { rows: tables } = await client.query(
    `SELECT c.oid::regclass::text AS name, c.relkind AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind IN ('r', 'S', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  );
  for (const { name, kind } of tables) {
    const what = kind === "S" ? "last_value, is_called" : "*";
    const { rows } = await client.query(
      `SELECT md5(t::text) AS row FROM (SELECT ${what} FROM ONLY ${name}) t ORDER BY 1`,
    );
    all[name] =
      kind === "S" ? (await client.query(`SELECT ${what} FROM ${name}`)).rows : rows.map((row) => row.row);
  }
  const { rows: owners } = await client.query(
    `SELECT DISTINCT pg_get_userbyid(o) = $1::text AS is_role FROM
       (SELECT relowner FROM pg_class WHERE oid >= 16384 UNION ALL SELECT proowner FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT typowner FROM pg_type WHERE oid >= 16384 UNION ALL SELECT nspowner FROM pg_namespace WHERE oid >= 16384) AS x (o)`,
    [role],
  );
  all.owners = owners;
  return all;
}

/** Databases that live only while a backup or restore works. */
export async function workDatabases({ client }: ServerAdmin): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    "SELECT datname FROM pg_database WHERE datname ~ '^tenantry_(check|restore|new)_'",
  );
  return rows;
}
