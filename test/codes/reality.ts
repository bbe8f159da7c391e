import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import pg from "pg";
import type { Environment } from "../support/localClients.ts";

/**
 * All that a run could touch, a checksum each: `state <stack>`, `entry <file>`, `backup <file>`, `master <table>
 * <slug>`, `cloud <service> <name>` (vault, DNS, CDN, servers), `<server> role|database|data <name>`.
 */
export type Reality = Readonly<Record<string, string>>;

/** Reads it as PostgreSQL's superuser and from the local cloud's own files: nothing of the product is asked. */
export async function readReality(root: string, environment: Environment): Promise<Reality> {
  const files = {
    ...checksums(join(environment.home, "backend/.pulumi/stacks"), "state", /\.json$/),
    ...checksums(join(root, "tenants"), "entry", /./),
    ...checksums(join(root, ".tenantry/backups"), "backup", /./),
    ...cloudDocuments(environment.home),
  };
  const servers = await Promise.all(environment.postgres.map((server) => readServer(server, environment)));
  return Object.assign({}, files, ...servers, await readMaster(environment));
}

/** Names of the parts that differ. */
export function differences(before: Reality, after: Reality): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function checksums(folder: string, kind: string, wanted: RegExp): Reality {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (item) => item.isFile() && wanted.test(item.name),
  );
  const named = files.map((item) => join(item.parentPath, item.name));
  return Object.fromEntries(
    named.map((file) => [`${kind} ${relative(folder, file)}`, digest(readFileSync(file))]),
  );
}

/** The local cloud's documents as its journal leaves them: `<checksum> [[service, id, document or null], …]` a line. */
function cloudDocuments(home: string): Reality {
  const found = new Map<string, string>();
  for (const line of readFileSync(join(home, "state/journal.ndjson"), "utf8").split("\n").filter(Boolean)) {
    for (const [service, id, document] of JSON.parse(line.slice(9)) as [string, string, unknown][]) {
      if (service === "ports") continue;
      const name = `cloud ${service} ${id.replace(/^.*?\/providers\//, "")}`;
      if (document === null) found.delete(name);
      else found.set(name, digest(JSON.stringify(document)));
    }
  }
  return Object.fromEntries(found);
}

/** The local cloud's superuser on a database; the product never has it. */
export function superuserUrl(environment: Environment, server: string, database = "postgres"): string {
  const place = environment.postgres.find(({ name }) => name === server);
  const password = readFileSync(join(environment.home, "keys/azuresu.password")).toString("base64url");
  return `postgres://azuresu:${password}@${place?.host}:${place?.port}/${database}`;
}

async function onServer<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}

const ROLES = `SELECT 'role ' || rolname AS name, (a.*)::text || coalesce(shobj_description(oid, 'pg_authid'), '')
    || coalesce((SELECT string_agg(m::text, ' ' ORDER BY roleid) FROM pg_auth_members m WHERE m.member = a.oid), '') AS text
  FROM pg_authid a WHERE rolname !~ '^pg_'`;
const DATABASES = `SELECT 'database ' || datname AS name, concat_ws(' ', oid, datdba::regrole, datacl, datconnlimit, datallowconn,
    datistemplate, shobj_description(oid, 'pg_database')) AS text FROM pg_database`;
/** Rows of `tenantry`'s tables and the names of everything that users made. */
const DATA = `SELECT coalesce(string_agg(part, ' ' ORDER BY part), '') AS text FROM (
    SELECT concat_ws(' ', c.oid::regclass, relkind, relowner::regrole, relacl,
      CASE WHEN relkind = 'r' THEN query_to_xml('SELECT * FROM ' || c.oid::regclass || ' ORDER BY 1', true, true, '')::text END) AS part
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname !~ '^(pg_|information_schema$)' AND relkind IN ('r', 'v', 'S')) parts`;

/** Roles and databases of a server, and what is in its tenants' databases. */
async function readServer({ name }: { name: string }, environment: Environment): Promise<Reality> {
  const rows = await onServer(superuserUrl(environment, name), async (client) => [
    ...(await client.query<{ name: string; text: string }>(ROLES)).rows,
    ...(await client.query<{ name: string; text: string }>(DATABASES)).rows,
  ]);
  const databases = rows
    .filter((row) => row.name.startsWith("database tenant_"))
    .map((row) => row.name.slice(9));
  const data = await Promise.all(databases.map((database) => readData(environment, name, database)));
  return Object.fromEntries([
    ...rows.map((row) => [`${name} ${row.name}`, digest(row.text)]),
    ...databases.map((database, index) => [`${name} data ${database}`, digest(data[index] ?? "")]),
  ]);
}

function readData(environment: Environment, server: string, database: string): Promise<string> {
  return onServer(
    superuserUrl(environment, server, database),
    async (client) => (await client.query<{ text: string }>(DATA)).rows[0]?.text ?? "",
  );
}

const MASTER: Readonly<Record<string, string>> = {
  tenant: "SELECT slug AS name, x::text AS text FROM identity.tenant x",
  tenant_audit: "SELECT slug AS name, x::text AS text FROM identity.tenant_audit x",
  organization: "SELECT slug AS name, x::text AS text FROM identity.organization x",
  db_server: "SELECT name, x::text AS text FROM identity.db_server x",
  ...Object.fromEntries(
    ["tenant_host", "tenant_phase", "outbox", "backup"].map((table) => [
      table,
      `SELECT slug AS name, x::text AS text FROM identity.${table} x JOIN identity.tenant t ON t.id = tenant_id`,
    ]),
  ),
};

async function readMaster(environment: Environment): Promise<Reality> {
  return onServer(superuserUrl(environment, "db-01", "tenantry_master"), async (client) => {
    const found = new Map<string, string[]>();
    for (const [table, sql] of Object.entries(MASTER)) {
      const { rows } = await client.query<{ name: string; text: string }>(sql);
      for (const { name, text } of rows)
        found.set(`master ${table} ${name}`, [...(found.get(`master ${table} ${name}`) ?? []), text]);
    }
    return Object.fromEntries([...found].map(([name, texts]) => [name, digest(texts.sort().join("\n"))]));
  });
}
