import type { Client } from "../postgres/index.ts";
import { type IdentitySeeds, nameOfKey } from "../tenant/identitySeeds.ts";
import { SEED_PAIRS, SEED_TABLES, type SeedTable } from "./seedTable.ts";

/** What the database says of ours; rows of the tenant's own are in none of it. */
export interface SeededRows {
  readonly seeds: IdentitySeeds;
  /** Hash of each secret that a seeded row names. */
  readonly hashes: Readonly<Record<string, string>>;
  /** API keys, the tenant's own too, that a suspension has closed, and those it has not. */
  readonly suspendedKeys: number;
  readonly openKeys: number;
}

export const NO_SEEDS: IdentitySeeds = {
  roles: {},
  groups: {},
  scopes: {},
  apiResources: {},
  identityResources: {},
  providers: {},
  applications: {},
  connections: {},
  apiKeys: {},
};

/** Reads every seeded row. The caller has made sure that the tables are ours. */
export async function selectSeeds(client: Client): Promise<SeededRows> {
  const hashes: Record<string, string> = {};
  const parts: Record<string, Record<string, unknown>> = {};
  for (const table of SEED_TABLES) parts[table.part] = await selectPart(client, table, hashes);
  const { roles = {}, groups = {} } = parts;
  const [permissions, groupRoles] = [await selectPairs(client, 0), await selectPairs(client, 1)];
  const admins = await membersOf(client);
  for (const key of Object.keys(roles)) roles[key] = { permissions: permissions(key) };
  for (const key of Object.keys(groups))
    groups[key] = { roles: groupRoles(key), hasAdmin: admins.includes(key) };
  return { seeds: parts as unknown as IdentitySeeds, hashes, ...(await countKeys(client)) };
}

/** Makes rows of these keys as the seeds say, and takes others away. */
export async function writePart(
  client: Client,
  table: SeedTable,
  change: { readonly set: readonly string[]; readonly remove: readonly string[] },
  seeds: IdentitySeeds,
  hashes: Readonly<Record<string, string>>,
): Promise<void> {
  if (change.remove.length > 0)
    await client.query(`DELETE FROM tenantry.${table.table} WHERE seed_key = ANY ($1)`, [change.remove]);
  if (change.set.length === 0) return;
  const items = seeds[table.part] as Readonly<Record<string, Record<string, unknown>>>;
  const rows = change.set.map((key) => ({
    ...items[key],
    key,
    name: items[key]?.name ?? nameOfKey(key),
    hash: hashes[String(items[key]?.secretName)],
  }));
  await client.query(upsertOf(table), [JSON.stringify(rows)]);
}

/** Makes the pairs of all seeds as they say, once their rows are there. */
export async function writePairs(client: Client, seeds: IdentitySeeds): Promise<void> {
  for (const { part, othersOf, insert, remove } of SEED_PAIRS) {
    const pairs = Object.keys(seeds[part]).flatMap((key) =>
      othersOf(seeds, key).map((other) => ({ key, other })),
    );
    await client.query(remove, [JSON.stringify(pairs)]);
    await client.query(insert, [JSON.stringify(pairs)]);
  }
  const groups = Object.entries(seeds.groups).filter(([, { hasAdmin }]) => hasAdmin);
  await client.query(
    `INSERT INTO tenantry.group_member (group_id, admin_id, is_seeded)
     SELECT g.id, a.id, true FROM tenantry.user_group g CROSS JOIN tenantry.admin a
      WHERE g.seed_key = ANY ($1) AND a.is_first
     ON CONFLICT (group_id, admin_id) DO UPDATE SET is_seeded = true`,
    [groups.map(([key]) => key)],
  );
}

/** Closes every API key, or opens those that were closed so; answers how many it changed. */
export async function suspendKeys(client: Client, isSuspended: boolean): Promise<number> {
  const { rowCount } = await client.query(
    isSuspended
      ? "UPDATE tenantry.api_key SET suspended_at = now() WHERE suspended_at IS NULL"
      : "UPDATE tenantry.api_key SET suspended_at = NULL WHERE suspended_at IS NOT NULL",
  );
  return rowCount ?? 0;
}

async function selectPart(
  client: Client,
  { table, columns, hasSecret }: SeedTable,
  hashes: Record<string, string>,
): Promise<Record<string, unknown>> {
  const item = columns.map(({ property, column }) => `'${property}', ${column}`).join(", ");
  const hash = hasSecret ? ", secret_name AS secret, secret_hash AS hash" : "";
  const { rows } = await client.query(
    `SELECT seed_key AS key, jsonb_build_object(${item}) AS item${hash} FROM tenantry.${table} WHERE seed_key IS NOT NULL`,
  );
  for (const row of rows) if (hasSecret) hashes[row.secret] = row.hash;
  return Object.fromEntries(rows.map((row) => [row.key, row.item]));
}

async function selectPairs(client: Client, at: number): Promise<(key: string) => readonly string[]> {
  const { rows } = await client.query(SEED_PAIRS[at]?.select ?? "");
  return (key) =>
    rows
      .filter((row) => row.key === key)
      .map((row) => String(row.other))
      .sort();
}

/** Seeded groups that the first admin is in. */
async function membersOf(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query(
    `SELECT g.seed_key AS key FROM tenantry.group_member m JOIN tenantry.user_group g ON g.id = m.group_id
       JOIN tenantry.admin a ON a.id = m.admin_id WHERE a.is_first AND g.seed_key IS NOT NULL`,
  );
  return rows.map((row) => row.key);
}

async function countKeys(client: Client): Promise<Pick<SeededRows, "suspendedKeys" | "openKeys">> {
  const { rows } = await client.query(
    `SELECT (count(*) FILTER (WHERE suspended_at IS NOT NULL))::int AS "suspendedKeys",
            (count(*) FILTER (WHERE suspended_at IS NULL))::int AS "openKeys" FROM tenantry.api_key`,
  );
  return rows[0];
}

function upsertOf({ table, columns, isNamedOnce, hasSecret }: SeedTable): string {
  const once = isNamedOnce ? [{ property: "name", column: "name", type: "text" }] : [];
  const secret = hasSecret ? [{ property: "hash", column: "secret_hash", type: "text" }] : [];
  const ours = [...columns, ...secret];
  const all = [{ property: "key", column: "seed_key", type: "text" }, ...once, ...ours];
  const fields = all.map(({ property, type }) => `"${property}" ${type}`).join(", ");
  const onConflict =
    ours.length === 0
      ? "NOTHING"
      : `UPDATE SET ${ours.map(({ column }) => `${column} = excluded.${column}`).join(", ")}`;
  return `INSERT INTO tenantry.${table} (${all.map(({ column }) => column).join(", ")})
    SELECT ${all.map(({ property }) => `w."${property}"`).join(", ")}
      FROM jsonb_to_recordset($1::jsonb) AS w(${fields})
    ON CONFLICT (seed_key) DO ${onConflict}`;
}
