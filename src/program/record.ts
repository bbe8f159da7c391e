import * as pulumi from "@pulumi/pulumi";
import type { DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { holdRefusal, purgeBegun, renameRefusal } from "../tenant/refusedChanges.ts";
import type { GetRecordArgs, GetRecordResult } from "../tenant/resources.ts";
import type { TenantryProvider } from "./tenantryProvider.ts";

/**
 * Master's row for a slug, asked before any resource of its stack is declared. A preview does without it; a run that
 * writes throws `E_UNREACHABLE`, for protection can't be decided blindly.
 */
export async function getRecord(
  { slug, displayName, adminEmail }: GetRecordArgs,
  provider: TenantryProvider,
): Promise<GetRecordResult> {
  const args = { slug, displayName, adminEmail };
  const record: GetRecordResult = await pulumi.runtime.invoke("tenantry:index:getRecord", args, { provider });
  if (record.isReachable || pulumi.runtime.isDryRun()) return record;
  throw new UserError("E_UNREACHABLE", `tenant '${slug}': master can't be asked for its record.`, {
    hint: "Its reason is in the warning above. A preview works without master.",
  });
}

/**
 * Whether `Registration` is protected: always, unless the entry says `deleted` and either confirms the purge or
 * master says that retention is over, and neither of them knows of a legal hold. Only the first lock; the provider's delete asks master again.
 */
export function isRegistrationProtected(tenant: DesiredTenant, record: GetRecordResult): boolean {
  if (tenant.hold || record.isHeld) return true;
  return !(tenant.status === "deleted" && (tenant.isPurgeConfirmed || record.isPurgeable));
}

/**
 * Refuses what master's record says can't become, before any resource is declared: the entry of a living tenant under
 * another file name (`E_IMMUTABLE`), and a life whose purge has begun (`E_ILLEGAL_TRANSITION`).
 */
export function refuseRecorded(
  tenant: DesiredTenant,
  record: GetRecordResult,
  hasEntry: (slug: string) => boolean,
): void {
  const { slug, status } = tenant;
  const renamed = record.namesakes.find((namesake) => !hasEntry(namesake));
  if (renamed !== undefined) throw renameRefusal(renamed, slug);
  if (record.status === "purging" && status !== "deleted") throw purgeBegun(slug);
  if (!record.wasEverActive) return;
  refuseHeld(tenant, record);
}

/** A held tenant is neither deleted nor made ready for its purge (`E_HOLD`); one that is deleted already stays so. */
function refuseHeld({ slug, hold, status, isPurgeConfirmed }: DesiredTenant, record: GetRecordResult): void {
  if (!hold || status !== "deleted") return;
  if (isPurgeConfirmed) throw holdRefusal(slug, "purge");
  if (record.status === "active" || record.status === "suspended") throw holdRefusal(slug, "delete");
}

/**
 * Whether the stack is to hold nothing: an entry that says `deleted` of a tenant that was never active. Where master
 * can't be asked (a preview without it) the answer is no, so that nothing is ever planned away by ignorance.
 */
export function isNothingWanted(tenant: DesiredTenant, record: GetRecordResult): boolean {
  return tenant.status === "deleted" && record.isReachable && !record.wasEverActive;
}
