import { UserError } from "../tenant/errors.ts";
import { holdRefusal, retentionRefusal } from "../tenant/refusedChanges.ts";
import type { RecordStatus } from "../tenant/resources.ts";
import type { TenantRow } from "./tenantRow.ts";

const DAY_MS = 86_400_000;

/** What decides a purge; nothing but the record counts. */
export type PurgeFacts = Pick<
  TenantRow,
  "slug" | "status" | "hold" | "isPurgeConfirmed" | "retentionDays" | "deletedAt" | "activeAt"
>;

export type PurgeDecision =
  | { readonly kind: "allowed" }
  | { readonly kind: "illegal"; readonly from: RecordStatus }
  | { readonly kind: "retention"; readonly until: Date }
  | { readonly kind: "hold" };

/**
 * Whether the tenant's data may go now. Pure. A life that never was active goes without ceremony; else it must be
 * `deleted`, not held, and its retention over or its purge confirmed. A purge that began is always finished.
 */
export function decidePurge(record: PurgeFacts, now: Date): PurgeDecision {
  if (record.status === "purging" || record.status === "purged") return { kind: "allowed" };
  if (record.hold) return { kind: "hold" };
  if (
    record.activeAt === null &&
    (record.status === "provisioning" || record.status === "provisioning_failed")
  )
    return { kind: "allowed" };
  if (record.status !== "deleted" || record.deletedAt === null)
    return { kind: "illegal", from: record.status };
  const until = new Date(record.deletedAt.getTime() + record.retentionDays * DAY_MS);
  return record.isPurgeConfirmed || now >= until ? { kind: "allowed" } : { kind: "retention", until };
}

/** True when a finished tenant's registration needs no protection any more. Pure. */
export function isPurgeable(record: PurgeFacts, now: Date): boolean {
  return decidePurge(record, now).kind === "allowed";
}

/** Throws `E_ILLEGAL_TRANSITION`, `E_RETENTION` or `E_HOLD` when the data must stay. Pure. */
export function assertPurgeable(record: PurgeFacts, now: Date): void {
  const decision = decidePurge(record, now);
  const { slug } = record;
  switch (decision.kind) {
    case "allowed":
      return;
    case "hold":
      throw holdRefusal(slug, "purge");
    case "illegal":
      throw new UserError(
        "E_ILLEGAL_TRANSITION",
        `Tenant '${slug}' is '${decision.from}' and can't be destroyed; expected 'deleted'.`,
        { hint: `Set 'status: deleted' in tenants/${slug}.yaml and run \`up ${slug}\` first.` },
      );
    case "retention":
      throw retentionRefusal(slug, decision.until);
  }
}
