import { type Client, close, connect, readMigrationFiles, withDatabase } from "../../src/postgres/index.ts";
import {
  ensureMainOrganization,
  migrateMaster,
  type Registration,
  type Reservation,
  type Run,
  reserveTenant,
  type TenantRow,
  upsertServer,
} from "../../src/registry/index.ts";
import type { ServerInputs } from "../../src/tenant/resources.ts";

export const RUN: Run = { runId: "run-1", actor: { osUser: "ops", gitCommit: "abc123" } };

const OPTIONS = { applicationName: "test", retryBudgetMs: 0 };

/** A migrated master on a test server, owned by a role of its own that can do nothing else. */
export async function makeMaster(adminUrl: string, name: string): Promise<string> {
  const admin = await connect(adminUrl, OPTIONS);
  await admin.query(`CREATE DATABASE ${name}`);
  await close(admin);
  const url = withDatabase(adminUrl, name);
  const master = await openMaster(url);
  await migrateMaster(master, await readMigrationFiles("migrations/master"));
  await ensureMainOrganization(master, { slug: "main", displayName: "Main" });
  await close(master);
  return url;
}

export function openMaster(url: string): Promise<Client> {
  return connect(url, OPTIONS);
}

export function reservation(slug: string, change: Partial<Reservation> = {}): Reservation {
  return {
    slug,
    stack: `local.${slug}`,
    hosts: [`${slug}.tenants.test`],
    databaseName: `tenant_${slug}`,
    roleName: `tenant_${slug}_owner`,
    secretName: `tenant-db-${slug}`,
    isolation: "database",
    isPurgeConfirmed: false,
    retentionDays: 30,
    ...change,
  };
}

export async function reserve(
  master: Client,
  slug: string,
  change: Partial<Reservation> = {},
): Promise<TenantRow> {
  return (await reserveTenant(master, reservation(slug, change), RUN)).record;
}

export function serverInputs(name: string, change: Partial<ServerInputs> = {}): ServerInputs {
  return {
    name,
    host: "127.0.0.1",
    port: 5432,
    region: "westeurope",
    adminSecretRef: `server-${name}-admin`,
    capacityHint: 100,
    maxConnections: 1000,
    tenantConnections: 5,
    status: "active",
    ...change,
  };
}

export async function addServer(
  master: Client,
  name: string,
  change: Partial<ServerInputs> = {},
): Promise<void> {
  await upsertServer(master, serverInputs(name, change));
}

export function registration(record: TenantRow, change: Partial<Registration> = {}): Registration {
  return {
    tenantId: record.id,
    displayName: "Acme Health",
    legalName: "Acme Health Incorporated",
    adminEmail: "admin@acme.example",
    plan: "trial",
    labels: { tier: "pilot" },
    settings: { model: { value: "gpt-4o-mini", source: "plan" } },
    status: "active",
    hosts: record.hosts,
    invitationId: "",
    ...change,
  };
}

/** Every row of every table of master, as text: equal before and after means that nothing was written. */
export async function everyRow(master: Client): Promise<string> {
  const { rows } = await master.query(
    "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'identity'::regnamespace ORDER BY 1",
  );
  const tables: string[] = [];
  for (const { name } of rows) {
    const { rows: found } = await master.query(
      `SELECT xmin::text, to_jsonb(t)::text AS row FROM ${name} t ORDER BY 2`,
    );
    tables.push(JSON.stringify({ name, found }));
  }
  return tables.join("\n");
}
