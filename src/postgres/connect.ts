import pg from "pg";
import type { Clock } from "./clock.ts";
import { explainPostgresError } from "./errors.ts";
import { RECOVERY_BUDGET_MS, withRetry } from "./retry.ts";
import { isConnectionLoss, isSqlState, SQLSTATE } from "./sqlState.ts";
import { describeUrl, parsePostgresUrl } from "./url.ts";

/** An open connection to one database. */
export type Client = pg.Client;

/** What functions need that only run statements. */
export type Queryable = Pick<pg.ClientBase, "query">;

export interface ConnectOptions {
  /** Shown in pg_stat_activity, so that a lock's holder has a name. At most 63 bytes. */
  readonly applicationName: string;
  /** Server-side limit for one statement; default 0, none: DDL must not die of a role's default (F13). */
  readonly statementTimeoutMs?: number;
  /** Client-side limit for one query, for a server that stops answering (F37); default none. */
  readonly queryTimeoutMs?: number;
  /** Until the server is ready for the first query; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** How long to knock at a server that is starting, full or away; 0 tries once. Default 60 s. */
  readonly retryBudgetMs?: number;
  readonly clock?: Clock;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * After this long without a word the operating system asks whether the other side is still there, on Linux ten times,
 * once a second: a statement has no deadline, but a server whose machine or network is gone ends it (FAULTS F37).
 */
const KEEP_ALIVE_MS = 30_000;

/** Opens a connection. Throws PostgresError ("unreachable", "login-refused", …) without the URL in it. */
export async function connect(url: string, options: ConnectOptions): Promise<Client> {
  const where = describeUrl(url);
  try {
    return await withRetry(() => open(url, options), {
      budgetMs: options.retryBudgetMs ?? RECOVERY_BUDGET_MS,
      isRetryable: isWorthKnocking,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
  } catch (error) {
    throw explainPostgresError(error, where, [parsePostgresUrl(url).password]);
  }
}

/** Runs `body` on a connection of its own and closes it, whatever happens. */
export async function withConnection<T>(
  url: string,
  options: ConnectOptions,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(url, options);
  try {
    return await body(client);
  } finally {
    await close(client);
  }
}

/** Closes a connection; one that is already gone is closed. */
export async function close(client: Client): Promise<void> {
  try {
    await client.end();
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
  }
}

/** `server_version_num`, e.g. 180004; asked once a connection. */
export async function serverVersion(client: Queryable): Promise<number> {
  const known = versions.get(client);
  if (known !== undefined) return known;
  const { rows } = await client.query("SELECT current_setting('server_version_num')::int AS number");
  versions.set(client, rows[0].number);
  return rows[0].number;
}

const versions = new WeakMap<Queryable, number>();

async function open(url: string, options: ConnectOptions): Promise<Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    statement_timeout: options.statementTimeoutMs ?? 0,
    ...(options.queryTimeoutMs === undefined ? {} : { query_timeout: options.queryTimeoutMs }),
    // As startup options, so that RESET ALL keeps them; a role's or database's own defaults don't count here.
    options: `-c statement_timeout=${options.statementTimeoutMs ?? 0} -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning`,
  });
  // Without a listener a connection that dies while idle ends the process; the next query tells it anyway.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await close(client);
    throw error;
  }
}

function isWorthKnocking(error: unknown): boolean {
  if (isSqlState(error, "ENOTFOUND")) return false;
  return isConnectionLoss(error) || isSqlState(error, SQLSTATE.TOO_MANY_CONNECTIONS);
}
