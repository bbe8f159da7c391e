import { type Client, serverVersion, withConnection } from "./connect.ts";
import { admitAdmin, setDatabaseComment } from "./database.ts";
import { observeDatabase } from "./databaseState.ts";
import { formatMarker, ownershipOf } from "./marker.ts";
import { ident, literal } from "./quote.ts";
import { withRetry } from "./retry.ts";
import type { ServerAdmin } from "./serverAdmin.ts";
import { isConcurrentUpdate } from "./sqlState.ts";
import type { TenantDatabase } from "./tenantDatabase.ts";
import { withTransaction } from "./transaction.ts";
import { withDatabase } from "./url.ts";

/** An object and whose it is. */
export interface OwnedObject {
  /** PostgreSQL's word for its kind: `table`, `function`. */
  readonly kind: string;
  /** Qualified and quoted by PostgreSQL. */
  readonly identity: string;
  readonly owner: string;
}

/** How a database was before it was adopted: what an undo brings back. */
export interface DatabaseBefore {
  readonly owner: string;
  /** Its COMMENT; empty for none. */
  readonly comment: string;
  readonly isOpenToPublic: boolean;
  readonly objects: readonly OwnedObject[];
  /** It had a schema `tenantry` already. */
  readonly hasOwnSchema: boolean;
}

/** Everything that has an owner of its own and belongs to no extension; schemas first, because what is in them follows. */
const OBJECTS_SQL = `
WITH owned AS (
  SELECT 0 AS rank, 'pg_namespace'::regclass AS class, oid, nspowner AS owner FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT 1, 'pg_class'::regclass, c.oid, c.relowner FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
      AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid <> 0))
  UNION ALL SELECT 1, 'pg_proc'::regclass, oid, proowner FROM pg_proc
  UNION ALL SELECT 1, 'pg_type'::regclass, t.oid, t.typowner FROM pg_type t
    WHERE (t.typtype IN ('e', 'd', 'r', 'b') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))
       OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  UNION ALL SELECT 1, 'pg_collation'::regclass, oid, collowner FROM pg_collation
  UNION ALL SELECT 1, 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
  UNION ALL SELECT 1, 'pg_operator'::regclass, oid, oprowner FROM pg_operator
  UNION ALL SELECT 1, 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
  UNION ALL SELECT 1, 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
  UNION ALL SELECT 1, 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
  UNION ALL SELECT 1, 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
  UNION ALL SELECT 1, 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext
  UNION ALL SELECT 1, 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata
  UNION ALL SELECT 1, 'pg_publication'::regclass, oid, pubowner FROM pg_publication
  UNION ALL SELECT 1, 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
)
SELECT i.type AS kind, i.identity, pg_get_userbyid(o.owner)::text AS owner
  FROM owned o, pg_identify_object(o.class, o.oid, 0) i
 WHERE o.oid >= 16384
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
 ORDER BY o.rank, o.oid`;

/** ALTER's word where it isn't the catalog's. */
const ALTER_WORDS: Readonly<Record<string, string>> = { "statistics object": "STATISTICS" };

/** Looks at a database that somebody else made; changes nothing. The name must exist. */
export async function lookBeforeAdoption(admin: ServerAdmin, database: string): Promise<DatabaseBefore> {
  const found = await observeDatabase(admin.client, database);
  if (found === undefined) throw new Error(`no database '${database}'`);
  const { owner, comment, isOpenToPublic } = found;
  return inside(admin, database, async (within) => {
    const { rows } = await within.query("SELECT to_regnamespace('tenantry') IS NOT NULL AS has_schema");
    const objects = await selectObjects(within);
    return { owner, comment, isOpenToPublic, objects, hasOwnSchema: rows[0].has_schema };
  });
}

/** Of these roles, those that the admin can't act for and whose objects it therefore can't pass on, sorted. */
export async function ownersOutOfReach(
  { client }: ServerAdmin,
  { owner, objects }: DatabaseBefore,
): Promise<readonly string[]> {
  const isNew = (await serverVersion(client)) >= 160_000;
  const { rows } = await client.query(
    `SELECT rolname::text AS name FROM pg_roles WHERE rolname::text = ANY ($1::text[])
        AND NOT (pg_has_role(current_user, oid, 'USAGE')${isNew ? " AND pg_has_role(current_user, oid, 'SET')" : ""})
      ORDER BY 1`,
    [[...new Set([owner, ...objects.map((object) => object.owner)])]],
  );
  return rows.map(({ name }) => name);
}

/**
 * Makes a database that was there, and everything in it, the tenant's: marker first, then owner, then objects. The role is there and
 * the admin may act for every owner. May be run again from anywhere. No row is touched. The caller holds the tenant's lock.
 */
export async function adoptDatabase(admin: ServerAdmin, wanted: TenantDatabase): Promise<void> {
  const { client } = admin;
  await admitAdmin(client, wanted.database);
  await setDatabaseComment(client, wanted.database, formatMarker(wanted.marker));
  await setOwner(client, wanted.database, wanted.role);
  await inside(admin, wanted.database, async (within) => {
    for (const object of await selectObjects(within))
      if (object.owner !== wanted.role) await passOn(within, object, wanted.role);
  });
}

/**
 * Gives an adopted database back as it was: what was added since goes to its owner of before, schema `tenantry` goes where it wasn't
 * there, the marker goes last. A database without our marker is left alone. May be run again from anywhere.
 */
export async function giveBackDatabase(
  admin: ServerAdmin,
  wanted: TenantDatabase,
  before: DatabaseBefore,
): Promise<"given back" | "not ours"> {
  const { client } = admin;
  const found = await observeDatabase(client, wanted.database);
  if (found === undefined || ownershipOf(found.comment, wanted.marker) !== "ours") return "not ours";
  const ownerOf = new Map(before.objects.map((object) => [keyOf(object), object.owner]));
  // First of all: schema `public` is the database owner's, who gets what is in it.
  await setOwner(client, wanted.database, before.owner);
  await inside(admin, wanted.database, async (within) => {
    if (!before.hasOwnSchema) await within.query("DROP SCHEMA IF EXISTS tenantry CASCADE");
    // Schemas first here too: whoever gets what is in them has to be allowed to create there.
    for (const object of await selectObjects(within))
      if (object.owner === wanted.role)
        await passOn(within, object, ownerOf.get(keyOf(object)) ?? heirOf(object, before));
  });
  if (before.isOpenToPublic)
    await withRetry(
      () => client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${ident(wanted.database)} TO PUBLIC`),
      { isRetryable: isConcurrentUpdate },
    );
  const comment = before.comment === "" ? "NULL" : literal(before.comment);
  await client.query(`COMMENT ON DATABASE ${ident(wanted.database)} IS ${comment}`);
  return "given back";
}

async function selectObjects(client: Client): Promise<readonly OwnedObject[]> {
  return (await client.query<OwnedObject>(OBJECTS_SQL)).rows;
}

/** In one transaction, in which names come qualified and nobody's functions stand in for PostgreSQL's. */
async function inside<T>(
  admin: ServerAdmin,
  database: string,
  body: (within: Client) => Promise<T>,
): Promise<T> {
  return withConnection(withDatabase(admin.url, database), admin.options, (within) =>
    withTransaction(within, () => body(within), { settings: "SET LOCAL search_path = pg_catalog" }),
  );
}

async function passOn(client: Client, { kind, identity }: OwnedObject, owner: string): Promise<void> {
  const word = ALTER_WORDS[kind] ?? kind.toUpperCase();
  await client.query(`ALTER ${word} ${identity} OWNER TO ${ident(owner)}`);
}

async function setOwner(client: Client, database: string, owner: string): Promise<void> {
  await client.query(`ALTER DATABASE ${ident(database)} OWNER TO ${ident(owner)}`);
}

/** What is new since: its schema's owner of before, or the database's. */
function heirOf({ identity }: OwnedObject, before: DatabaseBefore): string {
  const schema = before.objects.find(
    (object) => object.kind === "schema" && identity.startsWith(`${object.identity}.`),
  );
  return schema?.owner ?? before.owner;
}

function keyOf({ kind, identity }: OwnedObject): string {
  return `${kind} ${identity}`;
}
