import { type EdgeClient, openEdge } from "../../edge/index.ts";
import {
  type Client,
  type ConnectOptions,
  close,
  connect,
  PostgresError,
  parsePostgresUrl,
  withDatabase,
} from "../../postgres/index.ts";
import { UserError } from "../../tenant/errors.ts";
import type { ProviderConfig } from "../../tenant/resources.ts";
import { openVault, type SecretVault } from "../../vault/index.ts";
import type { Credentials } from "./credentials.ts";
import { assertEnvironment, refuseLoopback } from "./environmentGuard.ts";
import { findServerRow, type ServerRow } from "./serverRow.ts";

/** The maintenance database's connection of a server's admin, and its URL for other databases. */
export interface AdminSession {
  readonly client: Client;
  readonly url: string;
  readonly options: ConnectOptions;
  readonly server: ServerRow;
}

/** Ways to everything outside; opens a connection late and closes it after each use. */
export interface Access {
  readonly tenantVault: SecretVault;
  readonly edge: EdgeClient;
  vaultAt(url: string): SecretVault;
  /** Master with the right to write. Throws `E_UNREACHABLE` or `PROVISIONING_UNAVAILABLE`. */
  withMaster<T>(body: (client: Client) => Promise<T>): Promise<T>;
  /** Master with the read-only role: what a preview may use. */
  withMasterReader<T>(body: (client: Client) => Promise<T>): Promise<T>;
  /** A server of `identity.db_server` as its admin. Throws `E_ADMIN_CONN_UNRESOLVED` when the vault has no URL. */
  withAdmin<T>(server: string, body: (admin: AdminSession) => Promise<T>): Promise<T>;
  /** One database of a server, as the server's admin, who has a CONNECT of its own: works for suspended tenants too. */
  withDatabase<T>(
    place: { readonly server: string; readonly database: string },
    body: (client: Client, url: string) => Promise<T>,
  ): Promise<T>;
}

/** Connections of one provider instance; opens nothing. `applicationName` is shown to whoever waits for our lock. */
export function openAccess(
  config: ProviderConfig,
  credentials: Credentials,
  applicationName: string,
): Access {
  assertEnvironment(config);
  const options: ConnectOptions = { applicationName };
  const masterAt = (reference: string) => (isFresh: boolean) =>
    masterUrl(config, credentials, reference, isFresh);
  const withMaster = <T>(body: (client: Client) => Promise<T>) =>
    withLogin("master", masterAt(config.masterRef), options, (client) => body(client));
  const urlOf = (server: ServerRow) => (isFresh: boolean) => adminUrlOf(config, credentials, server, isFresh);
  return {
    tenantVault: openVault(config.tenantVaultUrl),
    edge: openEdge(config),
    vaultAt: openVault,
    withMaster,
    withMasterReader: (body) =>
      withLogin("master", masterAt(config.masterReadRef), READER, (client) => body(client)),
    withAdmin: async (name, body) => {
      const server = await withMaster((client) => findServerRow(client, name));
      return withLogin(`server '${name}'`, urlOf(server), options, (client, url) =>
        body({ client, url, options, server }),
      );
    },
    withDatabase: async ({ server: name, database }, body) => {
      const server = await withMaster((client) => findServerRow(client, name));
      const inDatabase = async (isFresh: boolean) => withDatabase(await urlOf(server)(isFresh), database);
      return withLogin(`database '${database}' on server '${name}'`, inDatabase, options, body);
    },
  };
}

/** A preview must answer quickly and offline, so it knocks for a moment only. */
const READER: ConnectOptions = {
  applicationName: "tenantry preview",
  retryBudgetMs: 1_000,
  connectTimeoutMs: 3_000,
  queryTimeoutMs: 10_000,
};

/** Runs `body` on a connection that is closed afterwards, whatever happens. */
async function withLogin<T>(
  what: string,
  urlOf: (isFresh: boolean) => Promise<string>,
  options: ConnectOptions,
  body: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  const { client, url } = await logIn(what, urlOf, options);
  try {
    return await body(client, url);
  } finally {
    await close(client);
  }
}

/** Logs in with the kept URL and, when that is refused (a rotation), once more with the vault's current one. */
async function logIn(
  what: string,
  urlOf: (isFresh: boolean) => Promise<string>,
  options: ConnectOptions,
): Promise<{ client: Client; url: string }> {
  try {
    const url = await urlOf(false);
    return { client: await connect(url, options), url };
  } catch (error) {
    if (!(error instanceof PostgresError) || error.problem !== "login-refused") throw named(error, what);
  }
  const url = await urlOf(true);
  try {
    return { client: await connect(url, options), url };
  } catch (error) {
    throw named(error, what);
  }
}

/** Problems with a place itself; what is in it is another matter. */
const AWAY: readonly PostgresError["problem"][] = [
  "unreachable",
  "login-refused",
  "no-connection-free",
  "timeout",
];

/** Says which of our places could not be reached; other errors stay what they are. */
function named(error: unknown, what: string): unknown {
  if (!(error instanceof PostgresError) || !AWAY.includes(error.problem)) return error;
  return new UserError("E_UNREACHABLE", `${what} can't be reached: ${error.message}`, { cause: error });
}

async function masterUrl(
  config: ProviderConfig,
  credentials: Credentials,
  reference: string,
  isFresh: boolean,
): Promise<string> {
  const url = await credentials.get(config.platformVaultUrl, reference, isFresh);
  if (url === undefined) {
    throw new UserError(
      "E_UNREACHABLE",
      `master can't be reached: the platform vault ${config.platformVaultUrl} has no secret '${reference}'.`,
      { hint: "`tenantry up --platform` makes it." },
    );
  }
  refuseLoopback(config, "master", parsePostgresUrl(url).host);
  return url;
}

async function adminUrlOf(
  config: ProviderConfig,
  credentials: Credentials,
  server: ServerRow,
  isFresh: boolean,
): Promise<string> {
  const url = await credentials.get(config.platformVaultUrl, server.adminSecretRef, isFresh);
  if (url === undefined) {
    throw new UserError(
      "E_ADMIN_CONN_UNRESOLVED",
      `server '${server.name}': the platform vault ${config.platformVaultUrl} has no secret '${server.adminSecretRef}'; expected the server's admin URL.`,
      {
        hint: "`tenantry up --platform` writes it for servers it made; for an existing server an operator writes it.",
      },
    );
  }
  refuseLoopback(config, `server '${server.name}'`, parsePostgresUrl(url).host);
  return url;
}
