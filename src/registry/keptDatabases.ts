import type { Queryable } from "../postgres/index.ts";

/** A database that another took the place of, kept for a while. */
export interface KeptDatabase {
  readonly server: string;
  readonly name: string;
  readonly tenantId: string;
  readonly slug: string;
  readonly reason: string;
  readonly keptUntil: Date;
}

/** Notes, before it is put aside, that a database will be kept so many days; another of that name is forgotten. */
export async function keepDatabase(
  client: Queryable,
  kept: Pick<KeptDatabase, "server" | "name" | "tenantId" | "reason">,
  days: number,
): Promise<Date> {
  const { rows } = await client.query(
    `INSERT INTO identity.kept_database AS k (server, name, tenant_id, reason, kept_until)
     VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(days => $5))
     ON CONFLICT (server, name) DO UPDATE SET tenant_id = $3, reason = $4, kept_until = excluded.kept_until
     RETURNING kept_until AS until`,
    [kept.server, kept.name, kept.tenantId, kept.reason, days],
  );
  return rows[0].until;
}

/** Kept databases whose time is over at master's clock; none of a tenant under legal hold. */
export async function listExpiredDatabases(client: Queryable): Promise<readonly KeptDatabase[]> {
  const { rows } = await client.query(
    `SELECT k.server, k.name, k.tenant_id AS "tenantId", t.slug, k.reason, k.kept_until AS "keptUntil"
       FROM identity.kept_database k JOIN identity.tenant t ON t.id = k.tenant_id
      WHERE k.kept_until <= clock_timestamp() AND NOT t.hold ORDER BY k.kept_until, k.name`,
  );
  return rows;
}

/** Notes that a kept database is gone. */
export async function forgetDatabase(
  client: Queryable,
  { server, name }: Pick<KeptDatabase, "server" | "name">,
): Promise<void> {
  await client.query("DELETE FROM identity.kept_database WHERE server = $1 AND name = $2", [server, name]);
}
