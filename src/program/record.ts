import * as pulumi from "@pulumi/pulumi";
import type { DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import type { GetRecordArgs, GetRecordResult } from "../tenant/resources.ts";
import type { TenantryProvider } from "./tenantryProvider.ts";

/**
 * Master's row for a slug, asked before any resource of its stack is declared. A preview does without it; a run that
 * writes throws `E_UNREACHABLE`, for protection can't be decided blindly.
 */
export async function getRecord(args: GetRecordArgs, provider: TenantryProvider): Promise<GetRecordResult> {
  const record: GetRecordResult = await pulumi.runtime.invoke(
    "tenantry:index:getRecord",
    { ...args },
    { provider },
  );
  if (record.isReachable || pulumi.runtime.isDryRun()) return record;
  throw new UserError("E_UNREACHABLE", `tenant '${args.slug}': master can't be asked for its record.`, {
    hint: "Its reason is in the warning above. A preview works without master.",
  });
}

/**
 * Whether `Registration` is protected: always, unless the entry says `deleted` and either confirms the purge or
 * master says that retention is over. Only the first lock; the provider's delete asks master again.
 */
export function isRegistrationProtected(tenant: DesiredTenant, record: GetRecordResult): boolean {
  return !(tenant.status === "deleted" && (tenant.isPurgeConfirmed || record.isPurgeable));
}

/**
 * Whether the stack is to hold nothing: an entry that says `deleted` of a tenant that was never active. Where master
 * can't be asked (a preview without it) the answer is no, so that nothing is ever planned away by ignorance.
 */
export function isNothingWanted(tenant: DesiredTenant, record: GetRecordResult): boolean {
  return tenant.status === "deleted" && record.isReachable && !record.wasEverActive;
}
