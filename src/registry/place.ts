import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { insertMove, type MoveRow, openMove } from "./moves.ts";
import { choosePlacement, isOfRegion, type PlacementWish, placementError } from "./placement.ts";
import { listServers, readServer, type ServerRow } from "./servers.ts";
import { lockRecordById, readRecord, type TenantRow } from "./tenantRow.ts";

export interface PlaceResult {
  readonly server: ServerRow;
  /** False when it was placed there before: sticky. */
  readonly isNew: boolean;
}

/**
 * Gives the tenant its place, for good: a later call answers the same server, whatever its entry says by then; only a move changes
 * it. All placements wait for each other, so two tenants never share the last place. Throws `E_NO_CAPACITY`,
 * `E_DB_SERVER_NOT_FOUND`.
 */
export async function placeTenant(
  client: Client,
  tenantId: string,
  wish: PlacementWish,
): Promise<PlaceResult> {
  return withTransaction(client, async () => {
    await lockPlaces(client);
    const record = await lockRecordById(client, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    if (record.server !== null) return { server: await stickyPlace(client, record), isNew: false };
    const server = choose(await listServers(client), record.slug, wish);
    await client.query("UPDATE identity.tenant SET server = $2, updated_at = now() WHERE id = $1", [
      tenantId,
      server.name,
    ]);
    return { server: { ...server, tenantCount: server.tenantCount + 1 }, isNew: true };
  });
}

/**
 * Begins the tenant's move to where its entry wants it, or answers the one that is under way; undefined where it is there already.
 * Throws what `placeTenant` throws.
 */
export async function beginMove(
  client: Client,
  tenantId: string,
  wish: PlacementWish,
): Promise<MoveRow | undefined> {
  return withTransaction(client, async () => {
    await lockPlaces(client);
    const record = await lockRecordById(client, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    const open = await openMove(client, tenantId);
    if (open !== undefined || record.server === null) return open;
    const target = await targetOf(client, record, wish);
    return target.name === record.server
      ? undefined
      : insertMove(client, tenantId, record.server, target.name);
  });
}

/** Where `placeTenant` or `beginMove` would put the slug now; reads only. Throws what they would throw. */
export async function previewPlacement(
  client: Queryable,
  slug: string,
  wish: PlacementWish,
): Promise<ServerRow> {
  const record = await readRecord(client, slug);
  if (record !== undefined && record.server !== null) return targetOf(client, record, wish);
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

/** All placements and moves wait for each other. */
async function lockPlaces(client: Queryable): Promise<void> {
  await client.query("SELECT FROM identity.db_server ORDER BY name FOR NO KEY UPDATE");
}

/** Where a placed tenant is to be: where it is, unless its entry names another server or a region that isn't this one's. */
async function targetOf(client: Queryable, record: TenantRow, wish: PlacementWish): Promise<ServerRow> {
  const here = await stickyPlace(client, record);
  const isRight = wish.server === "auto" ? isOfRegion(here, wish) : wish.server === here.name;
  if (isRight) return here;
  // A move that has begun has its place already.
  const open = await openMove(client, record.id);
  if (open !== undefined && open.state === "copying") {
    const target = await readServer(client, open.to);
    if (target !== undefined && (wish.server === "auto" || wish.server === target.name)) return target;
  }
  return choose(await listServers(client), record.slug, wish);
}

async function stickyPlace(client: Queryable, record: TenantRow): Promise<ServerRow> {
  const name = record.server as string;
  const server = await readServer(client, name);
  if (server === undefined) throw new InternalError(`server '${name}' of '${record.slug}' has no row`);
  return server;
}
