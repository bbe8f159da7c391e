import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { ServerInputs } from "../tenant/resources.ts";

/** A row of `identity.db_server` with what is on it. */
export interface ServerRow extends ServerInputs {
  /** Number of the admin's password whose secret is written; 0 is the first. */
  readonly adminRotation: number;
  /** Tenants placed on it that are not purged, and those on their way to it. */
  readonly tenantCount: number;
}

const COLUMNS = `name, host, port, region, admin_secret_ref AS "adminSecretRef", capacity_hint AS "capacityHint",
  max_connections AS "maxConnections", tenant_connections AS "tenantConnections", status, admin_rotation AS "adminRotation"`;

const SELECT = `SELECT ${COLUMNS},
    (SELECT count(*)::int FROM identity.tenant t WHERE t.server = s.name AND t.status <> 'purged')
      + (SELECT count(*)::int FROM identity.tenant_move m WHERE m.to_server = s.name AND m.state = 'copying') AS "tenantCount"
  FROM identity.db_server s`;

/** Every server with its number of tenants, by name. */
export async function listServers(client: Queryable): Promise<readonly ServerRow[]> {
  const { rows } = await client.query(`${SELECT} ORDER BY name`);
  return rows;
}

/** One server, or undefined. */
export async function readServer(client: Queryable, name: string): Promise<ServerRow | undefined> {
  const { rows } = await client.query(`${SELECT} WHERE name = $1`, [name]);
  return rows[0];
}

/** Makes the row equal to `wanted`; writes nothing when it is. */
export async function upsertServer(client: Queryable, wanted: ServerInputs): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO identity.db_server AS s (name, host, port, region, admin_secret_ref, capacity_hint, max_connections,
                                          tenant_connections, status, admin_rotation)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (name) DO UPDATE SET host = $2, port = $3, region = $4, admin_secret_ref = $5, capacity_hint = $6,
            max_connections = $7, tenant_connections = $8, status = $9, admin_rotation = $10, updated_at = now()
      WHERE (s.host, s.port, s.region, s.admin_secret_ref, s.capacity_hint, s.max_connections, s.tenant_connections, s.status,
             s.admin_rotation)
         IS DISTINCT FROM ($2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      wanted.name,
      wanted.host,
      wanted.port,
      wanted.region,
      wanted.adminSecretRef,
      wanted.capacityHint,
      wanted.maxConnections,
      wanted.tenantConnections,
      wanted.status,
      wanted.adminRotation ?? 0,
    ],
  );
  return rowCount === 1;
}

/** Removes a server that holds no tenant; tombstones forget its name (their audit keeps it). Throws `E_PLATFORM_IN_USE`. */
export async function removeServer(client: Client, name: string): Promise<void> {
  await withTransaction(client, async () => {
    await client.query("SELECT FROM identity.db_server WHERE name = $1 FOR UPDATE", [name]);
    const { rows } = await client.query(
      "SELECT slug FROM identity.tenant WHERE server = $1 AND status <> 'purged' ORDER BY slug",
      [name],
    );
    if (rows.length > 0)
      throw new UserError(
        "E_PLATFORM_IN_USE",
        `Server '${name}' holds ${rows.length} tenant(s): ${rows.map((row) => `'${row.slug}'`).join(", ")}; expected none.`,
        { hint: "Purge or move them first." },
      );
    await assertNoCopies(client, name);
    await client.query("UPDATE identity.tenant SET server = NULL WHERE server = $1", [name]);
    await client.query("DELETE FROM identity.db_server WHERE name = $1", [name]);
  });
}

/** A move's other end, or the copy it left, is somebody's data too. */
async function assertNoCopies(client: Queryable, name: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT t.slug FROM identity.tenant_move m JOIN identity.tenant t ON t.id = m.tenant_id
      WHERE $1 IN (m.from_server, m.to_server) AND m.state NOT IN ('dropped', 'undone')
        AND (m.state <> 'kept' OR m.from_server = $1) ORDER BY t.slug`,
    [name],
  );
  if (rows.length === 0) return;
  throw new UserError(
    "E_PLATFORM_IN_USE",
    `Server '${name}' holds copies of moved tenants: ${rows.map((row) => `'${row.slug}'`).join(", ")}; expected none.`,
    { hint: "They go when their time is over." },
  );
}
