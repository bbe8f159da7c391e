import { randomUUID } from "node:crypto";
import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import { appendAudit } from "./audit.ts";
import { NAMES_HINT, releaseHosts, reserveHosts } from "./hosts.ts";
import { reservePathPrefix } from "./pathPrefix.ts";
import type { Run } from "./run.ts";
import { lockRecord, lockRecordById, type TenantRow } from "./tenantRow.ts";
import { applyTransition } from "./transition.ts";

/** What a record reserves. */
export interface Reservation {
  readonly slug: string;
  readonly stack: string;
  readonly hosts: readonly string[];
  readonly databaseName: string;
  readonly roleName: string;
  readonly secretName: string;
  readonly isolation: "database";
  readonly isPurgeConfirmed: boolean;
  readonly retentionDays: number;
  /** Legal hold; left out, a new record has none and a living one keeps what it has. */
  readonly hold?: boolean;
  /** Second way in, `/t/acme`; left out, the record has none. */
  readonly pathPrefix?: string;
}

export interface ReserveResult {
  readonly record: TenantRow;
  /** `reserved`: a new life; `retried`: a failed one goes on; `found`: it was there, unfinished or finished. */
  readonly outcome: "reserved" | "retried" | "found";
}

/** What of a reservation may change in a tenant's life. */
export type ReservationChange = Pick<
  Reservation,
  "hosts" | "isPurgeConfirmed" | "retentionDays" | "hold" | "pathPrefix"
>;

/**
 * Reserves slug, id and hosts, or finds this stack's own record again; safe from any number of runs at once.
 * After a purge it is a new life with a new id. Throws `E_ALREADY_PROVISIONED` for another stack's slug, host, database
 * or secret, `E_ILLEGAL_TRANSITION` while a purge is unfinished.
 */
export async function reserveTenant(client: Client, wanted: Reservation, run: Run): Promise<ReserveResult> {
  return withTransaction(client, async () => {
    const isNew = await insertRecord(client, wanted);
    const record = await lockRecord(client, wanted.slug);
    if (record === undefined)
      throw new InternalError(`record of '${wanted.slug}' vanished while it was reserved`);
    assertSameStack(record, wanted);
    await assertNamesFree(client, record);
    if (record.status === "purging") throw purgeUnfinished(record);
    const hasNewHosts = await reserveHosts(client, record.id, record.slug, wanted.hosts);
    if (isNew) await appendAudit(client, subjectOf(record), "TENANT_RESERVED", run, { stack: wanted.stack });
    if (hasNewHosts && !isNew) await writeHosts(client, record.id, wanted.hosts);
    await reservePathPrefix(client, record, wanted.pathPrefix ?? null);
    if (record.status !== "provisioning_failed") return { record, outcome: isNew ? "reserved" : "found" };
    return { record: await applyTransition(client, record, "provisioning", run), outcome: "retried" };
  });
}

/** Changes what may change; answers whether anything was written. */
export async function changeReservation(
  client: Client,
  tenantId: string,
  change: ReservationChange,
  run: Run,
): Promise<boolean> {
  return withTransaction(client, async () => {
    const record = await lockRecordById(client, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    const hasNewHosts = await reserveHosts(client, tenantId, record.slug, change.hosts);
    if (hasNewHosts) await writeHosts(client, tenantId, change.hosts);
    const hasNewPrefix = await reservePathPrefix(client, record, change.pathPrefix ?? null);
    const { isPurgeConfirmed, retentionDays, hold = record.hold } = change;
    const isSame =
      record.isPurgeConfirmed === isPurgeConfirmed &&
      record.retentionDays === retentionDays &&
      record.hold === hold;
    if (isSame) return hasNewHosts || hasNewPrefix;
    await client.query(
      `UPDATE identity.tenant SET is_purge_confirmed = $2, retention_days = $3, hold = $4, updated_at = now()
        WHERE id = $1`,
      [tenantId, isPurgeConfirmed, retentionDays, hold],
    );
    await auditChange(client, record, { ...change, hold }, run);
    return true;
  });
}

/**
 * The end of a life: hosts are freed, the row stays as a tombstone. From `purging` only; twice is no error. `announce`
 * is called before the transaction ends, once a life.
 */
export async function writeTombstone(
  client: Client,
  tenantId: string,
  run: Run,
  announce?: () => Promise<void>,
): Promise<void> {
  await withTransaction(client, async () => {
    const record = await lockRecordById(client, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    if (record.status === "purged") return;
    await applyTransition(client, record, "purged", run, {
      details: { server: record.server, database: record.databaseName },
    });
    await releaseHosts(client, tenantId);
    await client.query(
      "UPDATE identity.outbox SET revoked_at = now() WHERE tenant_id = $1 AND sent_at IS NULL AND revoked_at IS NULL",
      [tenantId],
    );
    await announce?.();
  });
}

async function insertRecord(client: Queryable, wanted: Reservation): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO identity.tenant (id, slug, stack, status, isolation, database_name, role_name, secret_name, hosts,
                                  is_purge_confirmed, retention_days, hold)
     SELECT $1, $2, $3, 'provisioning', $4, $5, $6, $7, $8, $9, $10, $11
      WHERE NOT EXISTS (SELECT FROM identity.tenant WHERE slug = $2 AND status <> 'purged')
     ON CONFLICT (slug) WHERE status <> 'purged' DO NOTHING`,
    [
      randomUUID(),
      wanted.slug,
      wanted.stack,
      wanted.isolation,
      wanted.databaseName,
      wanted.roleName,
      wanted.secretName,
      wanted.hosts,
      wanted.isPurgeConfirmed,
      wanted.retentionDays,
      wanted.hold ?? false,
    ],
  );
  return rowCount === 1;
}

function assertSameStack(record: TenantRow, wanted: Reservation): void {
  if (record.stack === wanted.stack) return;
  throw new UserError(
    "E_ALREADY_PROVISIONED",
    `Tenant '${wanted.slug}' is '${record.status}' and belongs to stack '${record.stack}'; expected a free slug or stack '${wanted.stack}'.`,
    { hint: NAMES_HINT },
  );
}

/** Names of the entry's own choosing can meet another tenant's; the marker would refuse them later, and this is earlier. */
async function assertNamesFree(client: Queryable, record: TenantRow): Promise<void> {
  const { rows } = await client.query(
    `SELECT slug, stack, CASE WHEN database_name = $2 THEN 'database ''' || $2 || '''' ELSE 'secret ''' || $3 || '''' END AS what
       FROM identity.tenant WHERE id <> $1 AND status <> 'purged' AND (database_name = $2 OR secret_name = $3) LIMIT 1`,
    [record.id, record.databaseName, record.secretName],
  );
  const [other] = rows;
  if (other === undefined) return;
  throw new UserError(
    "E_ALREADY_PROVISIONED",
    `Tenant '${record.slug}': ${other.what} belongs to tenant '${other.slug}' of stack '${other.stack}'; expected a name of its own.`,
    { hint: NAMES_HINT },
  );
}

function purgeUnfinished(record: TenantRow): UserError {
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${record.slug}' is 'purging'; expected the purge to be finished before a new life.`,
    { hint: `Run \`destroy ${record.slug}\` again, then \`up\`.` },
  );
}

async function writeHosts(client: Queryable, tenantId: string, hosts: readonly string[]): Promise<void> {
  await client.query(
    "UPDATE identity.tenant SET hosts = $2, cache_epoch = cache_epoch + 1, updated_at = now() WHERE id = $1",
    [tenantId, hosts],
  );
}

async function auditChange(
  client: Queryable,
  record: TenantRow,
  change: ReservationChange,
  run: Run,
): Promise<void> {
  if (record.isPurgeConfirmed !== change.isPurgeConfirmed)
    await appendAudit(
      client,
      subjectOf(record),
      change.isPurgeConfirmed ? "TENANT_PURGE_CONFIRMED" : "TENANT_PURGE_WITHDRAWN",
      run,
    );
  if (record.hold !== change.hold)
    await appendAudit(client, subjectOf(record), change.hold ? "TENANT_HELD" : "TENANT_HOLD_LIFTED", run);
  if (record.retentionDays !== change.retentionDays)
    await appendAudit(client, subjectOf(record), "TENANT_UPDATED", run, {
      changes: { retentionDays: { old: record.retentionDays, new: change.retentionDays } },
    });
}

function subjectOf(record: TenantRow): { tenantId: string; slug: string } {
  return { tenantId: record.id, slug: record.slug };
}
