import type { Queryable } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";

/**
 * Makes the tenant's hosts exactly these; answers whether rows changed. The caller is in a transaction.
 * Throws `E_ALREADY_PROVISIONED` when a host belongs to another tenant.
 */
export async function reserveHosts(
  client: Queryable,
  tenantId: string,
  slug: string,
  hosts: readonly string[],
): Promise<boolean> {
  const before = await readHosts(client, tenantId);
  const added = hosts.filter((host) => !before.includes(host)).sort();
  const removed = before.filter((host) => !hosts.includes(host));
  if (added.length === 0 && removed.length === 0) return false;
  await client.query("DELETE FROM identity.tenant_host WHERE tenant_id = $1 AND host = ANY($2)", [
    tenantId,
    removed,
  ]);
  // Sorted: two tenants that want each other's hosts then wait in one order. A waiter sees the winner's row.
  for (const host of added) await reserveHost(client, tenantId, slug, host);
  return true;
}

/** What to do about a name that another tenant has. */
export const NAMES_HINT =
  "Slug, host, database and secret belong to one tenant alone: choose others in this entry.";

/** Frees every host of a tenant. */
export async function releaseHosts(client: Queryable, tenantId: string): Promise<void> {
  await client.query("DELETE FROM identity.tenant_host WHERE tenant_id = $1", [tenantId]);
}

/** A tenant's reserved hosts, sorted. */
export async function readHosts(client: Queryable, tenantId: string): Promise<readonly string[]> {
  const { rows } = await client.query(
    "SELECT host FROM identity.tenant_host WHERE tenant_id = $1 ORDER BY host",
    [tenantId],
  );
  return rows.map((row) => row.host);
}

async function reserveHost(client: Queryable, tenantId: string, slug: string, host: string): Promise<void> {
  const { rowCount } = await client.query(
    "INSERT INTO identity.tenant_host (host, tenant_id) VALUES ($1, $2) ON CONFLICT (host) DO NOTHING",
    [host, tenantId],
  );
  if (rowCount === 1) return;
  const { rows } = await client.query(
    `SELECT t.slug, t.stack FROM identity.tenant_host h JOIN identity.tenant t ON t.id = h.tenant_id WHERE h.host = $1`,
    [host],
  );
  throw new UserError(
    "E_ALREADY_PROVISIONED",
    `Tenant '${slug}': host '${host}' belongs to tenant '${rows[0]?.slug}' of stack '${rows[0]?.stack}'; expected a host of its own.`,
    { hint: NAMES_HINT },
  );
}
