import { createHash } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";
import type { Client } from "./connect.ts";
import { isConnectionLoss } from "./sqlState.ts";

/** Who holds a lock, as far as the server tells. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string;
  readonly address: string;
  /** Start of the holding session. */
  readonly since: Date;
}

/** Another session holds the lock and `waitMs` is over. */
export class LockHeldError extends Error {
  override readonly name = "LockHeldError";
  constructor(
    readonly key: string,
    readonly holder: LockHolder | undefined,
  ) {
    super(
      `lock '${key}' is held by ${holder === undefined ? "a session that just ended" : describe(holder)}`,
    );
  }
}

/** The connection goes through a pooler that hands statements to different sessions: session locks mean nothing there (F32). */
export class PoolerError extends Error {
  override readonly name = "PoolerError";
  constructor() {
    super("the connection goes through a pooler in transaction mode; expected the server's direct address");
  }
}

export interface LockOptions {
  /** How long to poll for the lock; 0 tries once. Default 0. */
  readonly waitMs?: number;
  /** Default 100 ms. */
  readonly pollMs?: number;
  readonly clock?: Clock;
}

const POLL_MS = 100;

/** Key of the lock of one tenant on a server; taken in the maintenance database. */
export function tenantLockKey(slug: string): string {
  return `tenantry:tenant:${slug}`;
}

/** Key of the lock under which a server's templates are built; taken in the maintenance database. */
export const TEMPLATE_LOCK_KEY = "tenantry:template";

/** Key of the lock under which one database is migrated; taken in that database. */
export const MIGRATION_LOCK_KEY = "tenantry:migration";

/**
 * Runs `body` while this session holds an advisory lock. Polls pg_try_advisory_lock: a blocked waiter would
 * deadlock with CREATE INDEX CONCURRENTLY (F29). The server frees the lock when the session dies. Advisory locks
 * are per database: holders and waiters must be connected to the same one. Throws LockHeldError, PoolerError.
 */
export async function withAdvisoryLock<T>(
  client: Client,
  key: string,
  body: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const number = lockNumber(key);
  await acquire(client, key, number, options);
  try {
    return await body();
  } finally {
    await release(client, number);
  }
}

/** Who holds the lock now, for messages. */
export async function lockHolder(client: Client, key: string): Promise<LockHolder | undefined> {
  const { rows } = await client.query(
    `SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'local') AS address, a.backend_start
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint`,
    [lockNumber(key)],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    pid: row.pid,
    applicationName: row.application_name,
    address: row.address,
    since: row.backend_start,
  };
}

/** 63 bits of the key's hash, as text: pg has no safe number for a bigint. */
function lockNumber(key: string): string {
  return (createHash("sha256").update(key).digest().readBigUInt64BE() >> 1n).toString();
}

async function acquire(client: Client, key: string, number: string, options: LockOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  const deadline = clock.now() + (options.waitMs ?? 0);
  for (;;) {
    const { rows } = await client.query(
      "SELECT pg_try_advisory_lock($1::bigint) AS got, pg_backend_pid() AS pid",
      [number],
    );
    if (rows[0].got === true) return assertDirect(client, number, rows[0].pid);
    if (clock.now() >= deadline) throw new LockHeldError(key, await lockHolder(client, key));
    await clock.sleep(options.pollMs ?? POLL_MS);
  }
}

/** A pooler invents the process id it answers at login. */
async function assertDirect(client: Client, number: string, pid: number): Promise<void> {
  const { processID } = client as unknown as { processID?: number | null };
  if (processID === pid) return;
  await client.query("SELECT pg_advisory_unlock($1::bigint)", [number]);
  throw new PoolerError();
}

async function release(client: Client, number: string): Promise<void> {
  try {
    const { rows } = await client.query("SELECT pg_advisory_unlock($1::bigint) AS was_held", [number]);
    if (rows[0].was_held !== true) throw new PoolerError();
  } catch (error) {
    // A dead session has let go of its locks.
    if (!isConnectionLoss(error)) throw error;
  }
}

function describe(holder: LockHolder): string {
  return `'${holder.applicationName}' (process ${holder.pid}, ${holder.address}) since ${holder.since.toISOString()}`;
}
