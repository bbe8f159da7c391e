import { adminHook } from "../hooks/index.ts";
import { loadTenant } from "../tenant/select.ts";
import type { OperationContext } from "./context.ts";
import { regrantOperators } from "./grant.ts";
import type { HousedTenant } from "./housedTenant.ts";

/**
 * Makes the entry's admin, and the invitation that master knows, those of the tenant's database too: a refresh sees neither when
 * only their ids are others. Operators whom master lets in are let in again. Does nothing where all is so.
 */
export async function reseed(context: OperationContext, tenant: HousedTenant): Promise<void> {
  const { access, root, config } = context;
  const { slug, id: tenantId, server, databaseName: database, roleName: role } = tenant;
  const { adminEmail: email, hosts } = loadTenant(root, slug, config);
  await access.withDatabase({ server, database }, (client) =>
    access.withMaster((master) =>
      adminHook.apply({ slug, client, role, master, tenantId }, { email, host: hosts[0] ?? "" }),
    ),
  );
  await regrantOperators(context, slug);
}
