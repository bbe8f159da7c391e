import { type Clock, systemClock } from "./clock.ts";
import type { Queryable } from "./connect.ts";
import { observeDatabase } from "./databaseState.ts";
import { ident, literal } from "./quote.ts";
import { withRetry } from "./retry.ts";
import { isConcurrentUpdate, isSqlState, isTerminateRefusal, SQLSTATE } from "./sqlState.ts";

/** How a new database's files are made; the server's default is `wal_log` (MEASURED 3.1). */
export type CopyStrategy = "wal_log" | "file_copy";

/** An ended session's process is usually gone within this. */
const EMPTY_WAIT_MS = 5_000;
const EMPTY_POLL_MS = 5;

/** Writes the COMMENT that says whose database it is. */
export async function setDatabaseComment(admin: Queryable, name: string, comment: string): Promise<void> {
  await admin.query(`COMMENT ON DATABASE ${ident(name)} IS ${literal(comment)}`);
}

/** Takes everything from PUBLIC: new databases are open to every role of the server (F19). */
export async function closeToPublic(admin: Queryable, name: string): Promise<void> {
  await alterAcl(admin, `REVOKE ALL ON DATABASE ${ident(name)} FROM PUBLIC`);
}

/** Lets the connected admin in by a grant of its own, whatever becomes of the owner's. */
export async function admitAdmin(admin: Queryable, name: string): Promise<void> {
  await alterAcl(admin, `GRANT CONNECT ON DATABASE ${ident(name)} TO CURRENT_USER`);
}

/** Lets a role in. */
export async function admitRole(admin: Queryable, name: string, role: string): Promise<void> {
  await alterAcl(admin, `GRANT CONNECT, TEMPORARY ON DATABASE ${ident(name)} TO ${ident(role)}`);
}

/** Keeps a role out, also the owner. Sessions that are open stay; see `endSessions`. */
export async function expelRole(admin: Queryable, name: string, role: string): Promise<void> {
  await alterAcl(admin, `REVOKE CONNECT ON DATABASE ${ident(name)} FROM ${ident(role)}`);
}

/** Opens or closes a database for everybody. Never call it on an invalid one: the server ends the session (F14). */
export async function allowConnections(admin: Queryable, name: string, isAllowed: boolean): Promise<void> {
  await admin.query(`ALTER DATABASE ${ident(name)} WITH ALLOW_CONNECTIONS ${isAllowed}`);
}

/**
 * Ends the client sessions of a database that the admin may end: those of the roles it is a member of, not its own.
 * Answers how many. With `role`, only that role's.
 */
export async function endSessions(admin: Queryable, name: string, role?: string): Promise<number> {
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = $1::text AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        AND pg_has_role(usesysid, 'USAGE')
        AND ($2::text IS NULL OR usename = $2::text)`,
    [name, role ?? null],
  );
  return rowCount ?? 0;
}

/** Waits until nobody is connected; a rename or clone before that would wait in steps of 100 ms. */
export async function waitUntilEmpty(
  admin: Queryable,
  name: string,
  clock: Clock = systemClock,
): Promise<void> {
  const deadline = clock.now() + EMPTY_WAIT_MS;
  while (clock.now() < deadline) {
    const { rows } = await admin.query("SELECT FROM pg_stat_activity WHERE datname = $1::text LIMIT 1", [
      name,
    ]);
    if (rows.length === 0) return;
    await clock.sleep(EMPTY_POLL_MS);
  }
}

/**
 * Drops a database whatever state it is in: sessions ended, an interrupted drop finished, a template unmarked.
 * Decides nothing about whose it is; callers have compared the marker.
 */
export async function dropDatabase(
  admin: Queryable,
  name: string,
  clock?: Clock,
): Promise<"dropped" | "absent"> {
  return withRetry(() => dropOnce(admin, name), {
    // No such database: a cut-off session has dropped or renamed it meanwhile; look again (F12).
    isRetryable: (error) =>
      isTerminateRefusal(error) ||
      isConcurrentUpdate(error) ||
      isSqlState(error, SQLSTATE.OBJECT_IN_USE, SQLSTATE.INVALID_CATALOG),
    ...(clock === undefined ? {} : { clock }),
  });
}

async function dropOnce(admin: Queryable, name: string): Promise<"dropped" | "absent"> {
  const found = await observeDatabase(admin, name);
  if (found === undefined) return "absent";
  if (!found.isInvalid) {
    if (found.isTemplate) await admin.query(`ALTER DATABASE ${ident(name)} WITH IS_TEMPLATE false`);
    if (found.allowsConnections) await allowConnections(admin, name, false);
    await endSessions(admin, name);
  }
  await admin.query(`DROP DATABASE ${ident(name)} WITH (FORCE)`);
  return "dropped";
}

async function alterAcl(admin: Queryable, statement: string): Promise<void> {
  await withRetry(() => admin.query(statement), { isRetryable: isConcurrentUpdate });
}
