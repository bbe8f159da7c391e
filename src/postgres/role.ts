import {
  type Client,
  type ConnectOptions,
  type Queryable,
  serverVersion,
  withConnection,
} from "./connect.ts";
import { ForeignObjectError } from "./errors.ts";
import { formatMarker, type Marker, ownershipOf } from "./marker.ts";
import { ident, literal } from "./quote.ts";
import { withRetry } from "./retry.ts";
import { isConcurrentUpdate } from "./sqlState.ts";
import { withTransaction } from "./transaction.ts";
import { withDatabase } from "./url.ts";

/** A login role as the catalog shows it. */
export interface RoleState {
  readonly name: string;
  readonly canLogin: boolean;
  /** COMMENT ON ROLE; empty for none. */
  readonly comment: string;
  /** True when it could make databases or roles, replicate, bypass row security or is superuser. */
  readonly isPrivileged: boolean;
}

export interface WantedRole {
  readonly name: string;
  readonly marker: Marker;
  /** From `scramVerifier`. */
  readonly verifier: string;
  readonly canLogin: boolean;
}

/** What the catalog says about a role, or undefined when there is none. */
export async function observeRole(admin: Queryable, name: string): Promise<RoleState | undefined> {
  const { rows } = await admin.query(
    `SELECT rolcanlogin, coalesce(shobj_description(oid, 'pg_authid'), '') AS comment,
            rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS is_privileged
       FROM pg_roles WHERE rolname = $1::text`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { name, canLogin: row.rolcanlogin, comment: row.comment, isPrivileged: row.is_privileged };
}

/**
 * Makes the role, or adopts it when it bears our marker: then its password and LOGIN are set again.
 * Role, marker and the admin's membership appear in one transaction. Throws ForeignObjectError, changing nothing.
 */
export async function ensureRole(admin: Client, wanted: WantedRole): Promise<"created" | "adopted"> {
  const found = await observeRole(admin, wanted.name);
  if (found === undefined) {
    await withTransaction(admin, () => createRole(admin, wanted));
    return "created";
  }
  assertOurRole(found, wanted.marker);
  await admin.query(
    `ALTER ROLE ${ident(wanted.name)} WITH ${loginWord(wanted.canLogin)} PASSWORD ${literal(wanted.verifier)}`,
  );
  await grantToAdmin(admin, wanted.name);
  return "adopted";
}

/** Sets the password of a role that bears our marker. */
export async function setRolePassword(
  admin: Queryable,
  name: string,
  marker: Marker,
  verifier: string,
): Promise<void> {
  await requireOurRole(admin, name, marker);
  await admin.query(`ALTER ROLE ${ident(name)} WITH PASSWORD ${literal(verifier)}`);
}

/** Sets LOGIN or NOLOGIN; writes nothing when it is so already. */
export async function setRoleLogin(
  admin: Queryable,
  name: string,
  marker: Marker,
  canLogin: boolean,
): Promise<boolean> {
  const found = await requireOurRole(admin, name, marker);
  if (found.canLogin === canLogin) return false;
  await admin.query(`ALTER ROLE ${ident(name)} WITH ${loginWord(canLogin)}`);
  return true;
}

/**
 * Drops a role that bears our marker, after what it still owns in other databases (F16).
 * `admin` is connected with `adminUrl`'s login. Throws ForeignObjectError.
 */
export async function dropRole(
  admin: Client,
  adminUrl: string,
  name: string,
  marker: Marker,
  options: ConnectOptions,
): Promise<"dropped" | "absent"> {
  const found = await observeRole(admin, name);
  if (found === undefined) return "absent";
  assertOurRole(found, marker);
  for (const database of await databasesWithDependents(admin, name))
    await withConnection(withDatabase(adminUrl, database), options, (client) => dropOwned(client, name));
  await dropOwned(admin, name);
  await admin.query(`DROP ROLE ${ident(name)}`);
  return "dropped";
}

/** Lets the admin act as the role: needed to own its database (F18), and only with INHERIT to end its sessions. */
export async function grantToAdmin(admin: Queryable, name: string): Promise<void> {
  const hasOptions = (await serverVersion(admin)) >= 160_000;
  const membership = `GRANT ${ident(name)} TO CURRENT_USER`;
  await withRetry(() => admin.query(hasOptions ? `${membership} WITH INHERIT TRUE, SET TRUE` : membership), {
    isRetryable: isConcurrentUpdate,
  });
}

async function createRole(admin: Queryable, wanted: WantedRole): Promise<void> {
  const name = ident(wanted.name);
  await admin.query(
    `CREATE ROLE ${name} WITH ${loginWord(wanted.canLogin)} NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS PASSWORD ${literal(wanted.verifier)}`,
  );
  await admin.query(`COMMENT ON ROLE ${name} IS ${literal(formatMarker(wanted.marker))}`);
  await grantToAdmin(admin, wanted.name);
}

async function requireOurRole(admin: Queryable, name: string, marker: Marker): Promise<RoleState> {
  const found = await observeRole(admin, name);
  if (found === undefined) throw new ForeignObjectError("role", name, "(no such role)", formatMarker(marker));
  assertOurRole(found, marker);
  return found;
}

function assertOurRole(found: RoleState, marker: Marker): void {
  if (ownershipOf(found.comment, marker) !== "ours")
    throw new ForeignObjectError("role", found.name, found.comment, formatMarker(marker));
}

async function databasesWithDependents(admin: Queryable, name: string): Promise<readonly string[]> {
  const { rows } = await admin.query(
    `SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
      WHERE s.refclassid = 'pg_authid'::regclass
        AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1::text)
        AND d.datallowconn AND d.datname <> current_database()`,
    [name],
  );
  return rows.map((row) => row.datname);
}

/** Also takes back what was granted on databases; never drops a database. */
async function dropOwned(client: Queryable, name: string): Promise<void> {
  await withRetry(() => client.query(`DROP OWNED BY ${ident(name)}`), { isRetryable: isConcurrentUpdate });
}

function loginWord(canLogin: boolean): string {
  return canLogin ? "LOGIN" : "NOLOGIN";
}
