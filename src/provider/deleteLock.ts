import { readRecordById, type TenantRow } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { Run } from "./run.ts";

/**
 * The second lock on data: refuses (`E_ILLEGAL_TRANSITION`) unless master says that the tenant is being purged or never
 * was active. Answers the record. `what` names the thing for the message.
 */
export async function assertMayDelete(
  run: Run,
  key: { readonly slug: string; readonly tenantId: string },
  what: string,
): Promise<TenantRow> {
  const record = await run.access.withMaster((client) => readRecordById(client, key.tenantId));
  if (record !== undefined && isDeletable(record)) return record;
  const state = record === undefined ? "has no record in master" : `is '${record.status}'`;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${key.slug}' ${state}; its ${what} is deleted only while the record is 'purging'.`,
    { hint: `Set 'status: deleted' in tenants/${key.slug}.yaml and run \`up ${key.slug}\` first.` },
  );
}

/** After the end of a life (a state of before, run again) only what still bears its marker is deleted. */
function isDeletable(record: TenantRow): boolean {
  return record.status === "purging" || record.status === "purged" || isNeverActive(record);
}

/** True for a life whose data nobody ever used: no retention, no backup, no ceremony. */
export function isNeverActive(record: Pick<TenantRow, "activeAt">): boolean {
  return record.activeAt === null;
}
