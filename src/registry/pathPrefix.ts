import type { Queryable } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { NAMES_HINT } from "./hosts.ts";
import type { TenantRow } from "./tenantRow.ts";

/**
 * Makes the tenant's path prefix this one, or none; answers whether the row changed. The caller holds the row in a
 * transaction. Throws `E_ALREADY_PROVISIONED` when it belongs to another living tenant.
 */
export async function reservePathPrefix(
  client: Queryable,
  record: TenantRow,
  pathPrefix: string | null,
): Promise<boolean> {
  if (record.pathPrefix === pathPrefix) return false;
  // Two tenants that want the same one wait for each other here; the index is the last word.
  await client.query(
    "SELECT pg_advisory_xact_lock(hashtextextended('tenantry path ' || coalesce($1, ''), 0))",
    [pathPrefix],
  );
  const { rows } = await client.query(
    "SELECT slug, stack FROM identity.tenant WHERE path_prefix = $1 AND status <> 'purged' AND id <> $2",
    [pathPrefix, record.id],
  );
  const [other] = rows;
  if (other !== undefined) {
    throw new UserError(
      "E_ALREADY_PROVISIONED",
      `Tenant '${record.slug}': path prefix '${pathPrefix}' belongs to tenant '${other.slug}' of stack '${other.stack}'; expected one of its own.`,
      { hint: NAMES_HINT },
    );
  }
  await client.query(
    "UPDATE identity.tenant SET path_prefix = $2, cache_epoch = cache_epoch + 1, updated_at = now() WHERE id = $1",
    [record.id, pathPrefix],
  );
  return true;
}
