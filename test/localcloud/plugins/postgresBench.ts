import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { postgresqlPlugin } from "../../../src/localcloud/plugins/postgresql/index.ts";
import { type PluginServer, servePlugin } from "../../../src/localcloud/plugins/rpc/pluginServer.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { type Bag, PluginClient, type State } from "./pluginClient.ts";

export const ROLE = "postgresql:index/role:Role";
export const DATABASE = "postgresql:index/database:Database";
export const GRANT = "postgresql:index/grant:Grant";
export const SCHEMA = "postgresql:index/schema:Schema";

/** A PostgreSQL server and the plugin, one a file; a connected client a test. Roles `role_…` and databases `db_…` are cleared. */
export interface PostgresBench {
  postgres: TestPostgres;
  server: PluginServer;
  client: PluginClient;
}

/** Registers the hooks that fill the bench. */
export function postgresBench(): PostgresBench {
  const bench = {} as PostgresBench;
  beforeAll(async () => {
    bench.postgres = await startTestPostgres();
    bench.server = await servePlugin(postgresqlPlugin, 0);
  });
  afterAll(async () => {
    await bench.server.close();
    await bench.postgres.stop();
  });
  beforeEach(async () => {
    bench.client = new PluginClient(bench.server.port);
    await bench.client.configure(settingsOf(bench.postgres.adminUrl));
  });
  afterEach(async () => {
    bench.client.close();
    await clearServer(bench.postgres.superuserUrl);
  });
  return bench;
}

/** Drops every database `db_…` and role `role_…` of a server. */
export async function clearServer(superuser: string): Promise<void> {
  for (const { datname } of await query(
    superuser,
    "SELECT datname FROM pg_database WHERE datname LIKE 'db\\_%'",
  )) {
    await query(superuser, `ALTER DATABASE "${datname}" IS_TEMPLATE false`);
    await query(superuser, `DROP DATABASE "${datname}" WITH (FORCE)`);
  }
  for (const { rolname } of await query(
    superuser,
    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'role\\_%'",
  )) {
    await query(superuser, `DROP ROLE "${rolname}"`);
  }
}

/** A provider's configuration as the SDK sends it: everything but text as JSON text. */
export function settingsOf(url: string): Bag {
  const { hostname, port, username, password } = new URL(url);
  const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { host: hostname, port, ...login, sslmode: "disable", superuser: "false", connectTimeout: "180" };
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Bag[]> {
  const connection = new pg.Client(url);
  await connection.connect();
  try {
    return (await connection.query(text)).rows;
  } finally {
    await connection.end();
  }
}

/** A server URL for another login or database. */
export function urlFor(url: string, change: { user?: string; password?: string; database?: string }): string {
  const changed = new URL(url);
  if (change.user !== undefined) changed.username = change.user;
  if (change.password !== undefined) changed.password = encodeURIComponent(change.password);
  if (change.database !== undefined) changed.pathname = `/${change.database}`;
  return changed.href;
}

/** As the engine stores it: secrets apart, values plain. */
export function plain(state: State): State {
  const outputs = Object.entries(state.outputs).map(([name, value]) => [name, value?.value ?? value]);
  return { ...state, outputs: Object.fromEntries(outputs) };
}
