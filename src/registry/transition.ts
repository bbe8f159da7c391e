import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import { holdRefusal } from "../tenant/refusedChanges.ts";
import type { RecordStatus } from "../tenant/resources.ts";
import { type AuditDetails, type AuditEvent, appendAudit } from "./audit.ts";
import type { Run } from "./run.ts";
import { lockRecordById, type TenantRow } from "./tenantRow.ts";

/** PRODUCT.md item 7, whole. `purged → provisioning` is a new row with a new id: `reserveTenant`. */
export const LEGAL_TRANSITIONS: Readonly<Record<RecordStatus, readonly RecordStatus[]>> = {
  provisioning: ["active", "provisioning_failed", "purging"],
  provisioning_failed: ["provisioning", "purging"],
  active: ["suspended", "deleting"],
  suspended: ["active", "deleting"],
  deleting: ["deleted", "active", "suspended"],
  deleted: ["active", "suspended", "purging"],
  purging: ["purged"],
  purged: ["provisioning"],
};

/** Whether a record may go from one status to the other. Pure. */
export function isLegalTransition(from: RecordStatus, to: RecordStatus): boolean {
  return LEGAL_TRANSITIONS[from].includes(to);
}

/** Throws `E_ILLEGAL_TRANSITION` for a step that PRODUCT.md doesn't know. Pure. */
export function assertTransition(slug: string, from: RecordStatus, to: RecordStatus): void {
  if (isLegalTransition(from, to)) return;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' is '${from}' and can't become '${to}'; expected ${oneOf(LEGAL_TRANSITIONS[from])}.`,
  );
}

export interface TransitionOptions {
  /** Why, in words; shown beside the status. */
  readonly reason?: string;
  /** Error code that caused it. */
  readonly code?: string;
  /** More for the audit row; no secret. */
  readonly details?: AuditDetails;
}

/** Takes one legal step in a transaction with its audit row. In that status already: writes nothing, answers false. */
export async function transition(
  client: Client,
  tenantId: string,
  to: RecordStatus,
  run: Run,
  options: TransitionOptions = {},
): Promise<boolean> {
  return withTransaction(client, async () => {
    const row = await lockRecordById(client, tenantId);
    if (row === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    if (row.status === to) return false;
    await applyTransition(client, row, to, run, options);
    return true;
  });
}

/** The step itself, for callers that hold the row in a transaction. Answers the row as it is now. */
export async function applyTransition(
  client: Queryable,
  row: TenantRow,
  to: RecordStatus,
  run: Run,
  options: TransitionOptions = {},
): Promise<TenantRow> {
  assertTransition(row.slug, row.status, to);
  if (row.hold && row.activeAt !== null && (to === "deleting" || to === "purging"))
    throw holdRefusal(row.slug, to === "deleting" ? "delete" : "purge");
  if (row.status === "purged") throw new InternalError("a purged record is a tombstone; reserve a new one");
  const { rows } = await client.query(
    `UPDATE identity.tenant SET status = $2, status_reason = $3, status_code = $4, ${to}_at = clock_timestamp(),
            cache_epoch = cache_epoch + 1, updated_at = now()
      WHERE id = $1 RETURNING ${to}_at AS at`,
    [row.id, to, options.reason ?? null, options.code ?? null],
  );
  await appendAudit(client, { tenantId: row.id, slug: row.slug }, eventOf(row.status, to), run, {
    from: row.status,
    to,
    ...(options.code === undefined ? {} : { code: options.code }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...options.details,
  });
  return {
    ...row,
    status: to,
    statusReason: options.reason ?? null,
    statusCode: options.code ?? null,
    cacheEpoch: row.cacheEpoch + 1,
    [TIME_OF[to]]: rows[0].at,
  };
}

const TIME_OF = {
  provisioning: "provisioningAt",
  provisioning_failed: "provisioningFailedAt",
  active: "activeAt",
  suspended: "suspendedAt",
  deleting: "deletingAt",
  deleted: "deletedAt",
  purging: "purgingAt",
  purged: "purgedAt",
} as const satisfies Record<RecordStatus, keyof TenantRow>;

const EVENT_OF: Readonly<Record<RecordStatus, AuditEvent>> = {
  provisioning: "TENANT_PROVISIONING_RETRIED",
  provisioning_failed: "TENANT_PROVISIONING_FAILED",
  active: "TENANT_RESUMED",
  suspended: "TENANT_SUSPENDED",
  deleting: "TENANT_DELETING",
  deleted: "TENANT_DELETED",
  purging: "TENANT_PURGING",
  purged: "TENANT_PURGED",
};

/** Name of the audit event of a step. Pure. */
export function eventOf(from: RecordStatus, to: RecordStatus): AuditEvent {
  const isBackToLife = to === "active" || to === "suspended";
  if (isBackToLife && (from === "deleting" || from === "deleted")) return "TENANT_UNDELETED";
  if (to === "active" && from === "provisioning") return "TENANT_PROVISIONED";
  return EVENT_OF[to];
}

function oneOf(states: readonly RecordStatus[]): string {
  return states.map((state) => `'${state}'`).join(" or ");
}
