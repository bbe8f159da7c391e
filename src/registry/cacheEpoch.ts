import type { Queryable } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";

/** Channel of master's NOTIFY that tells the id of a tenant whose facts changed (`migrations/master/0002_cache.sql`). */
export const CACHE_CHANNEL = "tenantry_cache";

/** Tells whoever listens to let go of master, whose database is about to be dropped: its admin may end no other role's session. */
export async function tellMasterGoes(client: Queryable): Promise<void> {
  await client.query("SELECT pg_notify($1, '')", [CACHE_CHANNEL]);
}

/** Raises a tenant's cache epoch by one, which tells whoever listens; answers the new one. */
export async function raiseCacheEpoch(client: Queryable, tenantId: string): Promise<number> {
  const { rows } = await client.query(
    `UPDATE identity.tenant SET cache_epoch = cache_epoch + 1, updated_at = now() WHERE id = $1
     RETURNING cache_epoch::int AS epoch`,
    [tenantId],
  );
  if (rows.length === 0) throw new InternalError(`no record has the id '${tenantId}'`);
  return rows[0].epoch;
}
