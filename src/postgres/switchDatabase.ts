import { type Client, withConnection } from "./connect.ts";
import { dropDatabase, endSessions, waitUntilEmpty } from "./database.ts";
import { observeDatabase } from "./databaseState.ts";
import { ident } from "./quote.ts";
import { withRetry } from "./retry.ts";
import type { ServerAdmin } from "./serverAdmin.ts";
import { isSqlState, SQLSTATE } from "./sqlState.ts";
import { withTransaction } from "./transaction.ts";

/** So often whoever is still in the old database is sent out. */
const END_EVERY_MS = 20;

/** Names of a switch; all on one server. */
export interface DatabaseSwitch {
  /** The name that clients connect to. */
  readonly database: string;
  /** The finished database that gets that name; bears its marker already. */
  readonly fresh: string;
  /** Name that the one before gets, closed to everybody; what has it now is dropped. */
  readonly aside: string;
}

/**
 * Puts a finished database in the place of another in one transaction: both have their new names or neither. Nobody finds the name
 * missing or closed: the first rename locks it, whoever comes waits for the end and connects anew. Sessions in the old one end.
 * Where there is no old one, or only the ruin of one (F14), the fresh one gets the name. The caller holds the tenant's lock.
 */
export async function switchDatabase(admin: ServerAdmin, names: DatabaseSwitch): Promise<void> {
  const { client, url, options } = admin;
  const found = await observeDatabase(client, names.database);
  if (found?.isInvalid === true) await dropDatabase(client, names.database);
  await waitUntilEmpty(client, names.fresh);
  if (found === undefined || found.isInvalid) {
    await rename(client, names.fresh, names.database);
    return;
  }
  await dropDatabase(client, names.aside);
  await withConnection(url, options, (second) =>
    withRetry(() => whileEnding(second, names.database, () => swap(client, names)), {
      isRetryable: (error) => isSqlState(error, SQLSTATE.OBJECT_IN_USE),
    }),
  );
}

async function swap(client: Client, { database, fresh, aside }: DatabaseSwitch): Promise<void> {
  await withTransaction(client, async () => {
    // Holds the lock on the database that every new session needs, and waits up to five seconds for the old ones.
    await rename(client, database, aside);
    await rename(client, fresh, database);
    await client.query(`ALTER DATABASE ${ident(aside)} WITH ALLOW_CONNECTIONS false`);
  });
}

async function rename(client: Client, from: string, to: string): Promise<void> {
  await client.query(`ALTER DATABASE ${ident(from)} RENAME TO ${ident(to)}`);
}

/** A session that was about to begin when the rename took its lock is in the list only afterwards: so again and again. */
async function whileEnding(second: Client, database: string, body: () => Promise<void>): Promise<void> {
  let isOver = false;
  const ending = (async () => {
    while (!isOver) {
      await endSessions(second, database);
      await new Promise((go) => setTimeout(go, END_EVERY_MS));
    }
  })();
  try {
    await body();
  } finally {
    isOver = true;
    await ending;
  }
}
