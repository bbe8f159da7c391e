import { hostname } from "node:os";
import { type EdgeClient, openEdge } from "../edge/index.ts";
import {
  type Client,
  type ConnectOptions,
  close,
  connect,
  PostgresError,
  parsePostgresUrl,
  withDatabase,
} from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import { openVault, type SecretVault } from "../vault/index.ts";
import type { ConnectionPool, Lease } from "./connectionPool.ts";
import type { Credentials } from "./credentials.ts";
import { assertEnvironment, refuseLoopback } from "./environmentGuard.ts";
import { repeatWhenCut } from "./repeatWhenCut.ts";
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
  /** The same on a connection of its own, closed afterwards: for a session's locks. */
  withOwnMaster<T>(body: (client: Client) => Promise<T>): Promise<T>;
  /** Master with the read-only role: what a preview may use. */
  withMasterReader<T>(body: (client: Client) => Promise<T>): Promise<T>;
  /** A server of `identity.db_server` as its admin. Throws `E_ADMIN_CONN_UNRESOLVED` when the vault has no URL. */
  withAdmin<T>(server: string, body: (admin: AdminSession) => Promise<T>): Promise<T>;
  /** One database of a server, as the server's admin, who has a CONNECT of its own: works for suspended tenants too. */
  withDatabase<T>(
    place: { readonly server: string; readonly database: string },
    body: (client: Client, url: string) => Promise<T>,
  ): Promise<T>;
  /** Closes connections that wait for their next use, before somebody drops the database that they are in. */
  release(): Promise<void>;
}

/** What all instances of a process share. */
export interface Shared {
  readonly credentials: Credentials;
  readonly pool: ConnectionPool;
}

/** Connections of one provider instance; opens nothing. */
export function openAccess(config: ProviderConfig, { credentials, pool }: Shared): Access {
  assertEnvironment(config);
  const masterAt = (reference: string) => (isFresh: boolean) =>
    masterUrl(config, credentials, reference, isFresh);
  const pooled =
    (options: ConnectOptions, use: "shared" | "own" = "shared") =>
    (url: string) =>
      pool.lease(url, options, use);
  const withMaster = <T>(body: (client: Client) => Promise<T>) =>
    withLogin("master", masterAt(config.masterRef), pooled(WRITER), body);
  const withOwnMaster = <T>(body: (client: Client) => Promise<T>) =>
    withCurrentLogin("master", masterAt(config.masterRef), ownLease, body);
  const urlOf = (server: ServerRow) => (isFresh: boolean) => adminUrlOf(config, credentials, server, isFresh);
  return {
    tenantVault: openVault(config.tenantVaultUrl),
    edge: openEdge(config),
    vaultAt: openVault,
    withMaster,
    withOwnMaster,
    withMasterReader: (body) => withLogin("master", masterAt(config.masterReadRef), pooled(READER), body),
    withAdmin: async (name, body) => {
      const server = await withMaster((client) => findServerRow(client, name));
      return withLogin(`server '${name}'`, urlOf(server), pooled(WRITER), (client, url) =>
        body({ client, url, options: WRITER, server }),
      );
    },
    withDatabase: async ({ server: name, database }, body) => {
      const server = await withMaster((client) => findServerRow(client, name));
      const inDatabase = async (isFresh: boolean) => withDatabase(await urlOf(server)(isFresh), database);
      const what = `database '${database}' on server '${name}'`;
      return withLogin(what, inDatabase, pooled(WRITER, "own"), body);
    },
    release: () => pool.release(),
  };
}

/** At most 63 bytes: whoever waits for our lock is told which process holds it. */
const APPLICATION_NAME = `tenantry pid ${process.pid} on ${hostname()}`.slice(0, 63);

const WRITER: ConnectOptions = { applicationName: APPLICATION_NAME };

/** A preview must answer quickly and offline, so it knocks for a moment only. */
const READER: ConnectOptions = {
  applicationName: APPLICATION_NAME.replace("tenantry", "tenantry reader").slice(0, 63),
  retryBudgetMs: 1_000,
  connectTimeoutMs: 3_000,
  queryTimeoutMs: 10_000,
};

/** Outside the pool: whoever waits for a connection of it would wait for the lock's end too. */
async function ownLease(url: string): Promise<Lease> {
  const client = await connect(url, WRITER);
  const end = () => close(client);
  return { client, giveBack: end, discard: end };
}

type LeaseAt = (url: string) => Promise<Lease>;

/** Bodies may be run again anywhere: after a rotation, and when the server went away under them. */
async function withLogin<T>(
  what: string,
  urlOf: (isFresh: boolean) => Promise<string>,
  leaseAt: LeaseAt,
  body: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  return repeatWhenCut(() => withCurrentLogin(what, urlOf, leaseAt, body));
}

/**
 * Runs `body` with the URL that is kept and, when a login is refused (a rotation), once more with the vault's current
 * one: also inside the body, which opens connections of its own.
 */
async function withCurrentLogin<T>(
  what: string,
  urlOf: (isFresh: boolean) => Promise<string>,
  leaseAt: LeaseAt,
  body: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  const kept = await urlOf(false);
  try {
    return await withLease(what, kept, leaseAt, body);
  } catch (error) {
    if (!isLoginRefused(error)) throw error;
    const current = await urlOf(true);
    if (current === kept) throw error;
    return withLease(what, current, leaseAt, body);
  }
}

/** One whose body failed is closed, because its session may be in any state. */
async function withLease<T>(
  what: string,
  url: string,
  leaseAt: LeaseAt,
  body: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  const lease = await leaseAt(url).catch((error: unknown) => {
    throw named(error, what);
  });
  try {
    const result = await body(lease.client, url);
    await lease.giveBack();
    return result;
  } catch (error) {
    await lease.discard();
    throw error;
  }
}

function isLoginRefused(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : error;
  return cause instanceof PostgresError && cause.problem === "login-refused";
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
  return new UserError("E_UNREACHABLE", `${what} can't be reached: ${error.message}`, {
    cause: error,
    hint: "Nothing was changed there. Run the same command again when it answers.",
  });
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
