import { readRecord, type TenantRow } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath } from "../tenant/load.ts";
import { loadTenant } from "../tenant/select.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";

/**
 * Record of a tenant that is active or suspended, as its entry says too: the operation's run of the stack then does nothing to its
 * life. Throws `E_ILLEGAL_TRANSITION` for any other, and what a wrong entry throws.
 */
export async function requireLiving(context: OperationContext, slug: string): Promise<TenantRow> {
  const { status: wanted } = loadTenant(context.root, slug, context.config);
  const record = await context.access.withMaster((client) => readRecord(client, slug));
  if (record === undefined) throw missingRecord(slug);
  const { status } = record;
  if (status !== "active" && status !== "suspended")
    throw new UserError(
      "E_ILLEGAL_TRANSITION",
      `Tenant '${slug}' is '${status}'; expected 'active' or 'suspended'.`,
    );
  if (status !== wanted)
    throw new UserError(
      "E_ILLEGAL_TRANSITION",
      `Tenant '${slug}' is '${status}' and ${entryPath(slug)} says '${wanted}'; expected the two to agree. Nothing was touched.`,
      { hint: `Run \`tenantry up ${slug}\` first.` },
    );
  return record;
}
