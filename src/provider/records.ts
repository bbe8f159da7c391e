import type { Queryable } from "../postgres/index.ts";
import { NAMES_HINT, readPhases, readRecord, readRecordById, type TenantRow } from "../registry/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";

/** Id that no record has: stands for the one that isn't reserved yet. */
export const NO_TENANT_ID = "00000000-0000-0000-0000-000000000000";

/** The record of one life. Throws InternalError when master has none: then this isn't the master that made it. */
export async function requireRecord(client: Queryable, tenantId: string): Promise<TenantRow> {
  const record = await readRecordById(client, tenantId);
  if (record === undefined) throw new InternalError(`master has no record with the id '${tenantId}'.`);
  return record;
}

/** The stack's own record, or undefined before it is reserved. Throws `E_ALREADY_PROVISIONED` for another stack's. */
export async function readOwnRecord(
  client: Queryable,
  key: { readonly slug: string; readonly stack: string },
): Promise<TenantRow | undefined> {
  const record = await readRecord(client, key.slug);
  if (record === undefined || record.stack === key.stack) return record;
  throw new UserError(
    "E_ALREADY_PROVISIONED",
    `Tenant '${key.slug}' is '${record.status}' and belongs to stack '${record.stack}'; expected a free slug or stack '${key.stack}'.`,
    { hint: NAMES_HINT },
  );
}

/** True when an earlier run got past StateCheck: from then on things of this name may be this record's. */
export async function hasPassedStateCheck(client: Queryable, tenantId: string): Promise<boolean> {
  return (await readPhases(client, tenantId)).some(({ phase }) => phase === "state_checked");
}
