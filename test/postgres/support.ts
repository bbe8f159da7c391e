import { randomUUID } from "node:crypto";
import {
  type Client,
  close,
  connect,
  type DatabaseStep,
  ensureRole,
  ensureTemplate,
  ensureTenantDatabase,
  formatPostgresUrl,
  LEDGER_SQL,
  type Marker,
  parseMigrationFile,
  parsePostgresUrl,
  type ServerAdmin,
  scramVerifier,
  type TenantDatabase,
  withConnection,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";

/** Awkward on purpose: quotes, percent, at, backslash and a letter outside of ASCII. */
export const PASSWORD = `pa'ss"%41@\\wörd`;

/** The product's admin on a test server. */
export async function openAdmin(adminUrl: string, applicationName = "test"): Promise<ServerAdmin> {
  const options = { applicationName, retryBudgetMs: 0 };
  return { client: await connect(adminUrl, options), url: adminUrl, options };
}

export async function closeAdmin(admin: ServerAdmin): Promise<void> {
  await close(admin.client);
}

/** Names of a tenant that exists in this test only. */
export function newTenant(slug: string): TenantDatabase {
  const marker: Marker = { stack: `local.${slug}`, slug, tenantId: randomUUID() };
  return { database: `tenant_${slug}`, role: `tenant_${slug}_owner`, marker };
}

/** Makes the tenant's login role. */
export async function makeRole(admin: Client, tenant: TenantDatabase, canLogin = true): Promise<void> {
  const verifier = await scramVerifier(PASSWORD);
  await ensureRole(admin, { name: tenant.role, marker: tenant.marker, verifier, canLogin });
}

/** The tenant's own URL, on its database or another. */
export function tenantUrl(adminUrl: string, tenant: TenantDatabase, database = tenant.database): string {
  return formatPostgresUrl({
    ...parsePostgresUrl(adminUrl),
    user: tenant.role,
    password: PASSWORD,
    database,
  });
}

/** What a promise throws; fails the test when it doesn't. */
export async function thrownBy(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("expected it to throw");
}

/** A server with an admin, a superuser for faults, a template, and what tests do with them. */
export interface TenantServer {
  readonly server: TestPostgres;
  readonly admin: ServerAdmin;
  readonly root: ServerAdmin;
  readonly template: string;
  /** A tenant with role and database. */
  provision(slug: string, onStep?: (step: DatabaseStep) => void): Promise<TenantDatabase>;
  stop(): Promise<void>;
}

const FILES = [
  parseMigrationFile(
    "0001_app.sql",
    `CREATE SCHEMA app; CREATE TABLE app.note (id serial PRIMARY KEY, text text);
     CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
     CREATE TYPE app.mood AS ENUM ('good', 'bad'); CREATE TABLE public.shared (id int);
     CREATE VIEW app.notes AS SELECT * FROM app.note;`,
  ),
];

export async function startTenantServer(): Promise<TenantServer> {
  const server = await startTestPostgres();
  const admin = await openAdmin(server.adminUrl);
  const root = await openAdmin(server.superuserUrl);
  const template = await ensureTemplate(admin, { baseSql: LEDGER_SQL, files: FILES });
  return {
    server,
    admin,
    root,
    template,
    provision: async (slug, onStep) => {
      const tenant = newTenant(slug);
      await makeRole(admin.client, tenant);
      await ensureTenantDatabase(admin, tenant, { template, ...(onStep === undefined ? {} : { onStep }) });
      return tenant;
    },
    stop: async () => {
      await closeAdmin(admin);
      await closeAdmin(root);
      await server.stop();
    },
  };
}

/** Rows of one statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<readonly unknown[]> {
  return withConnection(
    url,
    { applicationName: "test", retryBudgetMs: 0 },
    async (client) => (await client.query(sql)).rows,
  );
}
