import type { Client } from "./connect.ts";
import { dropDatabase, endSessions, waitUntilEmpty } from "./database.ts";
import { observeDatabase } from "./databaseState.ts";
import { ForeignObjectError } from "./errors.ts";
import { formatMarker, ownershipOf } from "./marker.ts";
import { ident } from "./quote.ts";
import { withRetry } from "./retry.ts";
import { isConcurrentUpdate, isSqlState, SQLSTATE } from "./sqlState.ts";
import type { TenantDatabase } from "./tenantDatabase.ts";
import { workDatabaseName } from "./workDatabase.ts";

/**
 * Makes new sessions of a database read-only, or writable again, and ends those of its tenant that are open, so that they come
 * back as such. Who sets it otherwise in a session of its own can still write: callers compare afterwards.
 */
export async function setReadOnly(
  admin: Client,
  { database, role }: TenantDatabase,
  isReadOnly: boolean,
): Promise<void> {
  const change = isReadOnly
    ? "SET default_transaction_read_only = on"
    : "RESET default_transaction_read_only";
  await withRetry(() => admin.query(`ALTER DATABASE ${ident(database)} ${change}`), {
    isRetryable: isConcurrentUpdate,
  });
  if (isReadOnly) await endSessions(admin, database, role);
}

/**
 * Takes a closed database out of its name's way: it is renamed and kept, one of before dropped. Twice is no error. Throws
 * ForeignObjectError for one that doesn't bear the marker.
 */
export async function retireDatabase(admin: Client, wanted: TenantDatabase): Promise<void> {
  const found = await observeDatabase(admin, wanted.database);
  if (found === undefined) return;
  if (ownershipOf(found.comment, wanted.marker) !== "ours")
    throw new ForeignObjectError("database", found.name, found.comment, formatMarker(wanted.marker));
  const retired = workDatabaseName("moved", wanted.marker.tenantId);
  await dropDatabase(admin, retired);
  if (found.isInvalid) {
    await dropDatabase(admin, wanted.database);
    return;
  }
  await setReadOnly(admin, wanted, false);
  await waitUntilEmpty(admin, wanted.database);
  await withRetry(() => admin.query(`ALTER DATABASE ${ident(wanted.database)} RENAME TO ${ident(retired)}`), {
    isRetryable: (error) => isSqlState(error, SQLSTATE.OBJECT_IN_USE),
  });
}

/** Drops what a cut-off move left of a copy: the database of the tenant's name and the one that was being filled. */
export async function dropUnfinishedCopy(admin: Client, wanted: TenantDatabase): Promise<void> {
  const found = await observeDatabase(admin, wanted.database);
  if (found !== undefined && ownershipOf(found.comment, wanted.marker) !== "ours")
    throw new ForeignObjectError("database", found.name, found.comment, formatMarker(wanted.marker));
  await dropDatabase(admin, workDatabaseName("move", wanted.marker.tenantId));
  await dropDatabase(admin, wanted.database);
}
