import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import { choosePlacement, type PlacementWish, placementError } from "./placement.ts";
import { listServers, readServer, type ServerRow } from "./servers.ts";
import { lockRecordById, readRecord, type TenantRow } from "./tenantRow.ts";

export interface PlaceResult {
  readonly server: ServerRow;
  /** False when it was placed there before: sticky. */
  readonly isNew: boolean;
}

/**
 * Gives the tenant its place, for good: a later call answers the same server. All placements wait for each other, so two
 * tenants never share the last place. Throws `E_NO_CAPACITY`, `E_DB_SERVER_NOT_FOUND`, and `E_NOT_SUPPORTED` for a
 * changed server.
 */
export async function placeTenant(
  client: Client,
  tenantId: string,
  wish: PlacementWish,
): Promise<PlaceResult> {
  return withTransaction(client, async () => {
    await client.query("SELECT FROM identity.db_server ORDER BY name FOR NO KEY UPDATE");
    const record = await lockRecordById(client, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    if (record.server !== null) return { server: await stickyPlace(client, record, wish), isNew: false };
    const server = choose(await listServers(client), record.slug, wish);
    await client.query("UPDATE identity.tenant SET server = $2, updated_at = now() WHERE id = $1", [
      tenantId,
      server.name,
    ]);
    return { server: { ...server, tenantCount: server.tenantCount + 1 }, isNew: true };
  });
}

/** Where `placeTenant` would put the slug now; reads only. Throws what it would throw. */
export async function previewPlacement(
  client: Queryable,
  slug: string,
  wish: PlacementWish,
): Promise<ServerRow> {
  const record = await readRecord(client, slug);
  if (record !== undefined && record.server !== null) return stickyPlace(client, record, wish);
  return choose(await listServers(client), slug, wish);
}

/** Gives the place of a tenant back that never was active; a tombstone keeps the server's name. */
export async function freePlace(client: Queryable, tenantId: string): Promise<void> {
  await client.query(
    `UPDATE identity.tenant SET server = NULL, updated_at = now()
      WHERE id = $1 AND server IS NOT NULL AND active_at IS NULL AND status IN ('provisioning', 'provisioning_failed')`,
    [tenantId],
  );
}

function choose(servers: readonly ServerRow[], slug: string, wish: PlacementWish): ServerRow {
  const choice = choosePlacement(servers, wish);
  if (choice.kind !== "placed") throw placementError(slug, wish, choice);
  return choice.server;
}

async function stickyPlace(client: Queryable, record: TenantRow, wish: PlacementWish): Promise<ServerRow> {
  const name = record.server as string;
  if (wish.server !== "auto" && wish.server !== name)
    throw new UserError(
      "E_NOT_SUPPORTED",
      `Tenant '${record.slug}' lives on server '${name}' and its entry says '${wish.server}'; moving a tenant is not supported yet.`,
      { hint: `Set 'server' back to '${name}' or 'auto'.` },
    );
  const server = await readServer(client, name);
  if (server === undefined) throw new InternalError(`server '${name}' of '${record.slug}' has no row`);
  return server;
}
