import { randomUUID } from "node:crypto";
import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { appendAudit } from "./audit.ts";
import { raiseCacheEpoch } from "./cacheEpoch.ts";
import type { Run } from "./run.ts";
import { lockRecordById } from "./tenantRow.ts";

/** How long the old copy of a moved tenant is kept: time to see that all is well where it is now. */
const KEPT_DAYS = 7;

/** `copying`: still on the old server; `switched`: on the new one, not settled; `kept`: its old copy waits for its end. */
export type MoveState = "copying" | "switched" | "kept" | "dropped" | "undone";

/** A row of `identity.tenant_move`. */
export interface MoveRow {
  readonly id: string;
  readonly tenantId: string;
  readonly from: string;
  readonly to: string;
  readonly state: MoveState;
  /** From when on the old copy may be dropped; null until it is kept. */
  readonly dropAfter: Date | null;
}

const SELECT = `SELECT id, tenant_id AS "tenantId", from_server AS "from", to_server AS "to", state,
  drop_after AS "dropAfter" FROM identity.tenant_move`;

/** The move that a tenant is in the middle of, or undefined. */
export async function openMove(client: Queryable, tenantId: string): Promise<MoveRow | undefined> {
  const { rows } = await client.query(`${SELECT} WHERE tenant_id = $1 AND state IN ('copying', 'switched')`, [
    tenantId,
  ]);
  return rows[0];
}

/** Every move of a tenant that has left something on another server, oldest first. */
export async function unfinishedMoves(client: Queryable, tenantId: string): Promise<readonly MoveRow[]> {
  const { rows } = await client.query(
    `${SELECT} WHERE tenant_id = $1 AND state NOT IN ('dropped', 'undone') ORDER BY begun_at`,
    [tenantId],
  );
  return rows;
}

/** Moves whose old copy's time is over at master's clock, oldest first. */
export async function dueMovedCopies(client: Queryable): Promise<readonly MoveRow[]> {
  const { rows } = await client.query(
    `${SELECT} WHERE state = 'kept' AND drop_after <= clock_timestamp() ORDER BY drop_after`,
  );
  return rows;
}

/** Notes that a move begins; the caller has chosen the target in the same transaction. */
export async function insertMove(
  client: Queryable,
  tenantId: string,
  from: string,
  to: string,
): Promise<MoveRow> {
  const id = randomUUID();
  await client.query(
    `INSERT INTO identity.tenant_move (id, tenant_id, from_server, to_server, state) VALUES ($1, $2, $3, $4, 'copying')`,
    [id, tenantId, from, to],
  );
  return { id, tenantId, from, to, state: "copying", dropAfter: null };
}

/** The point of no return, in one transaction: from here on the tenant is on the new server. The same again writes nothing. */
export async function switchMove(
  client: Client,
  move: MoveRow,
  run: Run,
  details: Readonly<Record<string, number>>,
): Promise<void> {
  await withTransaction(client, async () => {
    const record = await lockRecordById(client, move.tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${move.tenantId}'`);
    const { rowCount } = await client.query(
      `UPDATE identity.tenant_move SET state = 'switched', switched_at = clock_timestamp()
        WHERE id = $1 AND state = 'copying'`,
      [move.id],
    );
    if (rowCount !== 1) return;
    await client.query("UPDATE identity.tenant SET server = $2, updated_at = now() WHERE id = $1", [
      move.tenantId,
      move.to,
    ]);
    await raiseCacheEpoch(client, move.tenantId);
    const { from, to } = move;
    const subject = { tenantId: move.tenantId, slug: record.slug };
    await appendAudit(client, subject, "TENANT_MOVED", run, { from, to, ...details });
  });
}

/** The tenant's old copy is out of its way and waits for its end. */
export async function keepMove(client: Queryable, move: MoveRow): Promise<void> {
  await client.query(
    `UPDATE identity.tenant_move SET state = 'kept', drop_after = clock_timestamp() + make_interval(days => $2)
      WHERE id = $1 AND state = 'switched'`,
    [move.id, KEPT_DAYS],
  );
}

/** Nothing is left of it: the old copy is dropped, or a move that did not happen is undone. */
export async function endMove(client: Queryable, move: MoveRow, state: "dropped" | "undone"): Promise<void> {
  await client.query(
    "UPDATE identity.tenant_move SET state = $2, ended_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL",
    [move.id, state],
  );
}
