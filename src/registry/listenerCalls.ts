import type { Queryable } from "../postgres/index.ts";
import type { JsonValue } from "../tenant/desired.ts";
import { nextRetryAt } from "./retrySchedule.ts";

/** What listeners can be told. */
export type ListenerEvent =
  | "onTenantCreating"
  | "onTenantCreated"
  | "onTenantUpdated"
  | "onTenantDeleting"
  | "onTenantDeleted";

/** An event of one tenant and the listeners that are told. */
export interface Announcement {
  readonly tenantId: string;
  readonly event: ListenerEvent;
  /** Tells two events of one kind and tenant apart; empty where there is one a life. */
  readonly occasion: string;
  /** Names of listeners. */
  readonly listeners: readonly string[];
  /** Plain data without a credential: it is kept. */
  readonly facts: JsonValue;
}

/** One listener's call: done, or still to be made. */
export interface ListenerCall {
  readonly id: string;
  readonly key: string;
  readonly tenantId: string;
  readonly slug: string;
  readonly event: ListenerEvent;
  readonly listener: string;
  readonly facts: JsonValue;
  /**
   * `waiting`: due at `nextDueAt`. `stopped`: it stopped its operation, whose next run calls again. `given_up`: tried
   * so often that only the tenant's next run tries again.
   */
  readonly state: "waiting" | "done" | "stopped" | "given_up";
  /** Begun tries, those that were cut off included. */
  readonly attempts: number;
  readonly lastError: string | null;
  readonly nextDueAt: Date;
}

const COLUMNS = `c.id, c.key, c.tenant_id AS "tenantId", t.slug, c.event, c.listener, c.facts, c.state, c.attempts,
  c.last_error AS "lastError", c.next_due_at AS "nextDueAt"`;

/**
 * Notes who has to be told; in the transaction of what happened, so that a crash loses nothing. The same again makes a
 * call due anew: what comes before an operation is told to each try of it.
 */
export async function announce(client: Queryable, announcement: Announcement): Promise<void> {
  const { tenantId, event, occasion, listeners, facts } = announcement;
  for (const listener of listeners) {
    const key = [tenantId, event, ...(occasion === "" ? [] : [occasion]), listener].join("/");
    await client.query(
      `INSERT INTO identity.listener_call (key, tenant_id, event, listener, facts) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (key) DO UPDATE SET facts = excluded.facts, state = 'waiting', attempts = 0, last_error = NULL,
         next_due_at = now(), done_at = NULL`,
      [key, tenantId, event, listener, JSON.stringify(facts)],
    );
  }
}

/** What a tenant's listeners still have to be told, oldest first, due or not: its own run waits for no time. */
export async function readOpenCalls(client: Queryable, tenantId: string): Promise<readonly ListenerCall[]> {
  return readCalls(client, "c.tenant_id = $1 AND c.state IN ('waiting', 'given_up')", tenantId);
}

/** Calls of every tenant, purged ones too, that are due at a time; oldest first. */
export async function readDueCalls(client: Queryable, at: Date): Promise<readonly ListenerCall[]> {
  return readCalls(client, "c.state = 'waiting' AND c.next_due_at <= $1", at);
}

/** Begins a try: counted before it is made, because a listener may take its process with it. */
export async function beginCall(client: Queryable, call: ListenerCall, at: Date): Promise<ListenerCall> {
  const dueAt = nextRetryAt(at, call.attempts);
  const { rows } = await client.query(
    `UPDATE identity.listener_call c SET attempts = c.attempts + 1, state = $2, next_due_at = $3
       FROM identity.tenant t WHERE c.id = $1 AND t.id = c.tenant_id RETURNING ${COLUMNS}`,
    [call.id, dueAt === undefined ? "given_up" : "waiting", dueAt ?? at],
  );
  return rows[0];
}

/** The listener has heard it. */
export async function endCall(client: Queryable, call: ListenerCall): Promise<void> {
  await client.query(
    "UPDATE identity.listener_call SET state = 'done', last_error = NULL, done_at = now() WHERE id = $1",
    [call.id],
  );
}

/** The try failed; `isStopped` when its operation doesn't go on either, and calls again by itself. */
export async function failCall(
  client: Queryable,
  call: ListenerCall,
  error: string,
  isStopped: boolean,
): Promise<void> {
  await client.query(
    "UPDATE identity.listener_call SET last_error = $2, state = CASE WHEN $3 THEN 'stopped' ELSE state END WHERE id = $1",
    [call.id, error, isStopped],
  );
}

async function readCalls(
  client: Queryable,
  condition: string,
  value: string | Date,
): Promise<readonly ListenerCall[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.listener_call c JOIN identity.tenant t ON t.id = c.tenant_id
      WHERE ${condition} ORDER BY c.id`,
    [value],
  );
  return rows;
}
