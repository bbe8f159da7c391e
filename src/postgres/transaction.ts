import type { Queryable } from "./connect.ts";
import { ident } from "./quote.ts";
import { isConnectionLoss } from "./sqlState.ts";

export type Isolation = "read committed" | "repeatable read" | "serializable";

export interface TransactionOptions {
  /** Default `read committed`. */
  readonly isolation?: Isolation;
  readonly isReadOnly?: boolean;
  /** What is made belongs to this role: the session acts as it until the end of the transaction. */
  readonly role?: string;
  /** `SET LOCAL …` statements, sent with the beginning. */
  readonly settings?: string;
}

/** Runs `body` in one transaction: committed when it returns, rolled back when it throws. */
export async function withTransaction<T>(
  client: Queryable,
  body: () => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const mode = options.isReadOnly === true ? "READ ONLY" : "READ WRITE";
  const begin = [
    `BEGIN ISOLATION LEVEL ${options.isolation ?? "read committed"} ${mode}`,
    ...(options.role === undefined ? [] : [`SET LOCAL ROLE ${ident(options.role)}`]),
    ...(options.settings === undefined ? [] : [options.settings]),
  ];
  try {
    await client.query(begin.join("; "));
    const result = await body();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await rollBack(client);
    throw error;
  }
}

/** A lost connection has rolled back already; the first error is the one to tell. */
async function rollBack(client: Queryable): Promise<void> {
  try {
    await client.query("ROLLBACK");
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
  }
}
