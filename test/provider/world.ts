import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import {
  type Client,
  connect,
  formatPostgresUrl,
  parsePostgresUrl,
  withConnection,
  withDatabase,
} from "../../src/postgres/index.ts";
import { type ProviderOptions, type RunningProvider, serveProvider } from "../../src/provider/index.ts";
import type { Properties } from "../../src/provider/protocol/wire.ts";
import type { ProviderConfig } from "../../src/tenant/resources.ts";
import { EDGE_TARGET, startTestAzure, type TestAzure } from "../edge/azure.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { startTestKeyVault, type TestKeyVault } from "../vault/keyVault.ts";
import { connectEngine, type TestEngine } from "./engine.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Password of master's two roles and of every test tenant: must never show up anywhere. */
export const CANARY = "canary-Pa55word";

/** Everything the provider talks to, real or nearly so, with a platform that is up. */
export interface World {
  readonly postgres: TestPostgres;
  readonly vault: TestKeyVault;
  readonly azure: TestAzure;
  readonly config: ProviderConfig;
  /** The provider that `engine` is connected to. */
  readonly provider: RunningProvider;
  readonly engine: TestEngine;
  /** Folder of `migrations/tenant`-like files of this test, as the config says it. */
  readonly migrationsDir: string;
  writeMigration(name: string, sql: string): void;
  removeMigration(name: string): void;
  /** Rows of master. */
  master(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Rows of any database of the server, as superuser. */
  query(database: string, sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Another provider process's worth: its own server and connection. */
  another(options?: ProviderOptions): Promise<{ engine: TestEngine; close(): Promise<void> }>;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL, a vault, Resource Manager and names; makes master and one server. About two seconds. By default its
 * providers find no listeners.
 */
export async function startWorld(worldOptions: ProviderOptions = { listenerRoot: tmpdir() }): Promise<World> {
  const [postgres, vault, azure] = await Promise.all([
    startTestPostgres(),
    startTestKeyVault(),
    startTestAzure(),
  ]);
  const migrations = mkdtempSync(join(tmpdir(), "tenantry-migrations-"));
  const masterUrl = await makeMaster(postgres, vault);
  const config: ProviderConfig = {
    ...EDGE_TARGET,
    environment: "local",
    platformVaultUrl: vault.url,
    tenantVaultUrl: vault.url,
    masterRef: "master-admin",
    masterReadRef: "master-read",
  };
  const provider = await serveProvider(worldOptions);
  const engine = connectEngine(provider.port);
  await engine.configure(config);
  await engine.create("Master", masterInputs());
  await engine.create("Server", serverInputs(postgres));
  const run = (url: string, sql: string, values: readonly unknown[] = []) =>
    withConnection(
      url,
      { applicationName: "test" },
      async (client: Client) => (await client.query(sql, [...values])).rows,
    );
  const another: World["another"] = async (options = {}) => {
    const served = await serveProvider({ ...worldOptions, ...options });
    const second = connectEngine(served.port);
    await second.configure(config);
    const close = async () => {
      second.close();
      await served.close();
    };
    return { engine: second, close };
  };
  const stop = async () => {
    engine.close();
    await provider.close();
    await Promise.all([postgres.stop(), vault.stop(), azure.stop()]);
    rmSync(migrations, { recursive: true });
  };
  return {
    ...{ postgres, vault, azure, config, provider, engine, another, stop },
    migrationsDir: relative(ROOT, migrations),
    writeMigration: (name, sql) => writeFileSync(join(migrations, name), sql),
    removeMigration: (name) => rmSync(join(migrations, name)),
    master: (sql, values) => run(masterUrl, sql, values),
    query: (database, sql, values) => run(withDatabase(postgres.superuserUrl, database), sql, values),
  };
}

/** Roles, database and secrets as the platform stack makes them with its own providers. */
async function makeMaster(postgres: TestPostgres, vault: TestKeyVault): Promise<string> {
  const admin = await connect(postgres.adminUrl, { applicationName: "test" });
  for (const role of ["tenantry_master", "tenantry_read"]) {
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${CANARY}'`);
    await admin.query(`GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  }
  await admin.query("CREATE DATABASE tenantry_master OWNER tenantry_master");
  await admin.query("REVOKE ALL ON DATABASE tenantry_master FROM PUBLIC");
  await admin.query("GRANT CONNECT ON DATABASE tenantry_master TO tenantry_read");
  await admin.end();
  const urlOf = (user: string) =>
    formatPostgresUrl({
      ...parsePostgresUrl(postgres.adminUrl),
      user,
      password: CANARY,
      database: "tenantry_master",
    });
  keep(vault, "master-admin", urlOf("tenantry_master"));
  keep(vault, "master-read", urlOf("tenantry_read"));
  keep(vault, "server-db-01-admin", postgres.adminUrl);
  return urlOf("tenantry_master");
}

/** Puts a secret into the vault as somebody else would. */
export function keep(
  vault: TestKeyVault,
  name: string,
  value: string,
  tags: Record<string, string> = {},
): void {
  vault.secrets.set(name, { versions: [{ id: "1", value }], tags, isDeleted: false });
}

export function masterInputs(): Properties {
  const dir = join(ROOT, "migrations/master");
  const files = readdirSync(dir).map((name) => [name, checksum(readFileSync(join(dir, name), "utf8"))]);
  return {
    files: Object.fromEntries(files),
    mainTenant: { slug: "main", displayName: "Main" },
    ownerRole: "tenantry_master",
    readRole: "tenantry_read",
  };
}

export function serverInputs(postgres: TestPostgres): Properties {
  return {
    name: "db-01",
    host: postgres.host,
    port: postgres.port,
    region: "westeurope",
    adminSecretRef: "server-db-01-admin",
    capacityHint: 1000,
    maxConnections: 1000,
    tenantConnections: 1,
    status: "active",
  };
}

export function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
