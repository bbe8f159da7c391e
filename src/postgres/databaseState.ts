import type { Queryable } from "./connect.ts";

/** `datconnlimit` of a database whose DROP was interrupted: it can only be dropped (F14). */
const INVALID_CONNECTION_LIMIT = -2;

/** A database as the catalog shows it. */
export interface DatabaseState {
  readonly name: string;
  readonly owner: string;
  /** COMMENT ON DATABASE; empty for none. */
  readonly comment: string;
  readonly allowsConnections: boolean;
  readonly isTemplate: boolean;
  /** -1 is no limit. */
  readonly connectionLimit: number;
  /** A DROP was interrupted: its data is partly gone; it can only be dropped. */
  readonly isInvalid: boolean;
  /** PUBLIC may connect or make temporary tables. */
  readonly isOpenToPublic: boolean;
  /** Roles with an explicit or default CONNECT, sorted; without PUBLIC. */
  readonly connectGrantees: readonly string[];
}

/** What the catalog says about a database, or undefined when there is none. Connected to any database of the server. */
export async function observeDatabase(admin: Queryable, name: string): Promise<DatabaseState | undefined> {
  const { rows } = await admin.query(
    `SELECT pg_get_userbyid(d.datdba) AS owner, coalesce(shobj_description(d.oid, 'pg_database'), '') AS comment,
            d.datallowconn, d.datistemplate, d.datconnlimit,
            EXISTS (SELECT FROM aclexplode(acl) WHERE grantee = 0) AS is_open,
            ARRAY(SELECT pg_get_userbyid(grantee)::text FROM aclexplode(acl)
                   WHERE grantee <> 0 AND privilege_type = 'CONNECT' ORDER BY 1) AS grantees
       FROM pg_database d, coalesce(d.datacl, acldefault('d', d.datdba)) AS acl WHERE d.datname = $1::text`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    name,
    owner: row.owner,
    comment: row.comment,
    allowsConnections: row.datallowconn,
    isTemplate: row.datistemplate,
    connectionLimit: row.datconnlimit,
    isInvalid: row.datconnlimit === INVALID_CONNECTION_LIMIT,
    isOpenToPublic: row.is_open,
    connectGrantees: row.grantees,
  };
}
