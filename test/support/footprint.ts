import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { armClients } from "../../src/edge/armClients.ts";
import { type Environment, onDatabase, query, secretClient } from "./localClients.ts";

/** `stacks/Pulumi.local.yaml`'s. */
const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
const GROUP = "tenantry-local";

/** Every table of a tenant's database with the hash of its rows. */
const TABLES = `SELECT c.oid::regclass::text AS name, pg_get_userbyid(c.relowner) AS owner, c.relacl::text AS acl,
    md5(query_to_xml(format('SELECT * FROM %s t ORDER BY t::text', c.oid::regclass), true, false, '')::text) AS rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;
const CATALOG = `SELECT d.datname, pg_get_userbyid(d.datdba) AS owner, d.datacl::text AS acl, d.datallowconn, d.datconnlimit,
    shobj_description(d.oid, 'pg_database') AS marker, r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreatedb, r.rolcreaterole,
    shobj_description(r.oid, 'pg_authid') AS role_marker
  FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1`;

/**
 * Everything there is of a tenant, to be compared before and after something was done to another: rows of master, catalog and
 * contents of its database, versions of its secret, records, domain and route, and its stack's state. `enterCloud` comes first.
 */
export async function readFootprint(cloud: Environment, slug: string): Promise<object> {
  const master = await readMaster(cloud, slug);
  const { server, database_name: database } = (master.tenant.at(-1) ?? {}) as Record<string, string>;
  const vault = secretClient(cloud, cloud.platformVault.url);
  const { value = "" } = await vault.getSecret(`server-${server}-admin`);
  return {
    ...master,
    catalog: await query(value, CATALOG, [database]),
    tables: await query(onDatabase(value, database ?? ""), TABLES),
    secrets: await readVersions(cloud, `tenant-db-${slug}`),
    ...(await readEdge(cloud, slug)),
    state: hashOf(join(fileURLToPath(cloud.backend.url), `.pulumi/stacks/tenantry/local.${slug}.json`)),
  };
}

async function readMaster(cloud: Environment, slug: string) {
  const rows = (sql: string) => query(cloud.master.url, sql, [slug]);
  const ofTenant = "tenant_id IN (SELECT id FROM identity.tenant WHERE slug = $1)";
  return {
    tenant: await rows("SELECT * FROM identity.tenant WHERE slug = $1 ORDER BY provisioning_at"),
    hosts: await rows(`SELECT * FROM identity.tenant_host WHERE ${ofTenant} ORDER BY host`),
    phases: await rows(`SELECT * FROM identity.tenant_phase WHERE ${ofTenant} ORDER BY id`),
    audit: await rows("SELECT * FROM identity.tenant_audit WHERE slug = $1 ORDER BY id"),
    outbox: await rows(
      `SELECT id, released_at, revoked_at FROM identity.outbox WHERE ${ofTenant} ORDER BY id`,
    ),
    backups: await rows(`SELECT * FROM identity.backup WHERE ${ofTenant} ORDER BY id`),
    organization: await rows("SELECT * FROM identity.organization WHERE slug = $1"),
  };
}

async function readVersions(cloud: Environment, name: string): Promise<readonly string[]> {
  const versions: string[] = [];
  const vault = secretClient(cloud, cloud.keyVault.url);
  for await (const each of vault.listPropertiesOfSecretVersions(name)) versions.push(each.version ?? "");
  return versions.sort();
}

async function readEdge(cloud: Environment, slug: string): Promise<object> {
  const { dns, cdn } = await armClients(SUBSCRIPTION);
  const records: unknown[] = [];
  for await (const set of dns.recordSets.listByDnsZone(GROUP, cloud.dns.zone))
    if ([slug, `_dnsauth.${slug}`].includes(set.name ?? "")) records.push(set);
  const [domains, routes]: [unknown[], unknown[]] = [[], []];
  for await (const domain of cdn.afdCustomDomains.listByProfile(GROUP, GROUP))
    if (domain.name === `tenant-${slug}`) domains.push(domain);
  for await (const route of cdn.routes.listByEndpoint(GROUP, GROUP, GROUP))
    if (route.name === `tenant-${slug}`) routes.push(route);
  return { records, domains, routes };
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
