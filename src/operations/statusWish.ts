import { isLegalTransition, type StatusBefore, type TenantRow } from "../registry/index.ts";
import type { DesiredStatus, DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath, type StatusWords } from "../tenant/index.ts";
import { holdRefusal, purgeBegun } from "../tenant/refusedChanges.ts";
import { missingRecord } from "./missingRecord.ts";

/** A change of a tenant's status that a person asks for. */
export type StatusChange =
  | { readonly verb: "suspend"; readonly reason?: string }
  | { readonly verb: "resume" }
  | { readonly verb: "delete" }
  | { readonly verb: "undelete" };

/** What is known of a tenant when its status is to change. */
export interface StatusFacts {
  readonly tenant: DesiredTenant;
  /** Undefined where the slug has no living record. */
  readonly record: TenantRow | undefined;
  /** What it was before its last delete. */
  readonly before: StatusBefore;
}

/** What the entry is to say. Pure; throws `E_ILLEGAL_TRANSITION` for a change that the tenant's state doesn't allow. */
export function wishOf(change: StatusChange, facts: StatusFacts): StatusWords {
  const { tenant, record } = facts;
  if (record?.status === "purging") throw purgeBegun(tenant.slug);
  const words = wordsOf(change, facts);
  if (change.verb !== "delete") assertLiving(record, tenant, words.status);
  return words;
}

function wordsOf(change: StatusChange, { tenant, record, before }: StatusFacts): StatusWords {
  const { slug, status, suspendReason: oldReason } = tenant;
  switch (change.verb) {
    case "suspend": {
      assertNotDeleted(tenant, change.verb);
      return withReason("suspended", change.reason ?? (status === "suspended" ? oldReason : undefined));
    }
    case "resume":
      assertNotDeleted(tenant, change.verb);
      return { status: "active" };
    case "delete":
      if ((tenant.hold || record?.hold === true) && record?.status !== "deleted")
        throw holdRefusal(slug, "delete");
      return { status: "deleted", ...(tenant.isPurgeConfirmed ? { purge: slug } : {}) };
    case "undelete":
      if (status === "deleted" && record === undefined) throw nothingToUndelete(tenant);
      return status === "deleted" ? wordsBefore(record, before) : withReason(status, oldReason);
  }
}

/** A delete that only the entry knows of yet has changed nothing: the record is what it was. */
function wordsBefore(record: TenantRow | undefined, before: StatusBefore): StatusWords {
  if (record?.status === "active") return { status: "active" };
  return record?.status === "suspended" ? withReason("suspended", record.statusReason ?? undefined) : before;
}

function withReason(status: DesiredStatus, suspendReason: string | undefined): StatusWords {
  return { status, ...(suspendReason === undefined ? {} : { suspendReason }) };
}

function assertNotDeleted({ slug, status }: DesiredTenant, verb: string): void {
  if (status !== "deleted") return;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `${entryPath(slug)} 'status': expected 'active' or 'suspended' before \`${verb}\`; got 'deleted'. Nothing was touched.`,
    { hint: `\`tenantry undelete ${slug}\` brings the tenant back first.` },
  );
}

/** Only what was active once can be suspended, resumed or brought back; a first provisioning is `up`'s. */
function assertLiving(record: TenantRow | undefined, { slug }: DesiredTenant, wanted: DesiredStatus): void {
  if (record === undefined) throw missingRecord(slug);
  if (record.activeAt !== null && (record.status === wanted || isLegalTransition(record.status, wanted)))
    return;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' is '${record.status}' and can't become '${wanted}'; expected a tenant that is provisioned. Nothing was touched.`,
    { hint: `\`tenantry up ${slug}\` finishes what was begun.` },
  );
}

function nothingToUndelete({ slug }: DesiredTenant): UserError {
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' has no record in master: it was never there, or its data are purged; expected a deleted tenant. Nothing was touched.`,
    { hint: `\`status: active\` in ${entryPath(slug)} and \`tenantry up ${slug}\` make a new life.` },
  );
}
