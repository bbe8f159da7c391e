import { type Client, serverVersion, withConnection } from "./connect.ts";
import {
  admitAdmin,
  admitRole,
  allowConnections,
  type CopyStrategy,
  closeToPublic,
  dropDatabase,
  endSessions,
  expelRole,
  setDatabaseComment,
  waitUntilEmpty,
} from "./database.ts";
import { type DatabaseState, observeDatabase } from "./databaseState.ts";
import { ForeignObjectError } from "./errors.ts";
import { formatMarker, type Marker, ownershipOf } from "./marker.ts";
import { ident } from "./quote.ts";
import { reassignDatabase } from "./reassign.ts";
import { withRetry } from "./retry.ts";
import { setRoleLogin } from "./role.ts";
import type { ServerAdmin } from "./serverAdmin.ts";
import { isAlreadyThere, isConcurrentUpdate, isSqlState, SQLSTATE } from "./sqlState.ts";
import { TEMPLATE_OWNER } from "./template.ts";
import { withDatabase } from "./url.ts";
import { workDatabaseName, workDatabaseNames } from "./workDatabase.ts";

/** One tenant's database, its owner role and whose they are. */
export interface TenantDatabase {
  readonly database: string;
  readonly role: string;
  readonly marker: Marker;
}

/** Steps of `ensureTenantDatabase`, told after each is done. */
export type DatabaseStep = "cloned" | "marked" | "reassigned" | "renamed";

export interface CreateOptions {
  /** Name of a template, or what finds or builds it: asked when a database is made, again when it is gone by then. */
  readonly template: string | (() => Promise<string>);
  readonly strategy?: CopyStrategy;
  readonly onStep?: (step: DatabaseStep) => void;
}

/**
 * Makes the tenant's database from the template, or adopts the one that bears our marker. It is built under a name
 * that holds the tenant's id and renamed last, so at its own name a database is always finished, marked and closed to
 * others, and a leftover of a killed run is ours by its name. The role must exist. The caller holds the tenant's lock.
 * Throws ForeignObjectError, changing nothing.
 */
export async function ensureTenantDatabase(
  admin: ServerAdmin,
  wanted: TenantDatabase,
  options: CreateOptions,
): Promise<"created" | "adopted"> {
  // Throws for a name that PostgreSQL would cut, before anything is made.
  ident(wanted.database);
  // What a cut-off session still does can come in between; then the catalog has moved on (F12).
  return withRetry(() => ensureOnce(admin, wanted, options), {
    isRetryable: (error) => isAlreadyThere(error) || isSqlState(error, SQLSTATE.INVALID_CATALOG),
  });
}

/**
 * Lets the tenant in or keeps it out: LOGIN and CONNECT, or NOLOGIN, no CONNECT and no sessions.
 * The admin's own CONNECT stays. Writes nothing when it is so already; answers whether it wrote.
 */
export async function setTenantAccess(
  admin: Client,
  wanted: TenantDatabase,
  isOpen: boolean,
): Promise<boolean> {
  const found = await observeDatabase(admin, wanted.database);
  if (found === undefined)
    throw new ForeignObjectError(
      "database",
      wanted.database,
      "(no such database)",
      formatMarker(wanted.marker),
    );
  assertOurs(found, wanted.marker);
  const hasLoginChanged = await setRoleLogin(admin, wanted.role, wanted.marker, isOpen);
  const canConnect = found.connectGrantees.includes(wanted.role);
  if (isOpen && !canConnect) await admitRole(admin, wanted.database, wanted.role);
  if (!isOpen && canConnect) await expelRole(admin, wanted.database, wanted.role);
  if (!isOpen) await endSessions(admin, wanted.database, wanted.role);
  return hasLoginChanged || canConnect !== isOpen;
}

/** Drops the database when it bears our marker, and what killed runs left of this tenant id. Throws ForeignObjectError. */
export async function dropTenantDatabase(
  admin: Client,
  wanted: TenantDatabase,
): Promise<"dropped" | "absent"> {
  const found = await observeDatabase(admin, wanted.database);
  if (found !== undefined) assertOurs(found, wanted.marker);
  const dropped = [];
  for (const leftover of workDatabaseNames(wanted.marker.tenantId))
    dropped.push(await dropDatabase(admin, leftover));
  dropped.push(await dropDatabase(admin, wanted.database));
  return dropped.includes("dropped") ? "dropped" : "absent";
}

async function ensureOnce(
  admin: ServerAdmin,
  wanted: TenantDatabase,
  options: CreateOptions,
): Promise<"created" | "adopted"> {
  const found = await observeDatabase(admin.client, wanted.database);
  if (found !== undefined) assertOurs(found, wanted.marker);
  if (found !== undefined && !found.isInvalid) {
    await repair(admin.client, found, wanted);
    await dropDatabase(admin.client, workDatabaseName("new", wanted.marker.tenantId));
    return "adopted";
  }
  if (found !== undefined) await dropDatabase(admin.client, wanted.database);
  await build(admin, wanted, options);
  return "created";
}

async function build(admin: ServerAdmin, wanted: TenantDatabase, options: CreateOptions): Promise<void> {
  const { client } = admin;
  const building = workDatabaseName("new", wanted.marker.tenantId);
  const onStep = options.onStep ?? (() => undefined);
  await dropDatabase(client, building);
  const template = typeof options.template === "string" ? options.template : await options.template();
  await clone(client, building, wanted.role, { ...options, template });
  onStep("cloned");
  await mark(client, building, wanted.marker);
  onStep("marked");
  await withConnection(withDatabase(admin.url, building), admin.options, (inside) =>
    reassignDatabase(inside, TEMPLATE_OWNER, wanted.role),
  );
  onStep("reassigned");
  await waitUntilEmpty(client, building);
  await client.query(`ALTER DATABASE ${ident(building)} RENAME TO ${ident(wanted.database)}`);
  onStep("renamed");
}

async function clone(
  client: Client,
  name: string,
  role: string,
  options: CreateOptions & { readonly template: string },
): Promise<void> {
  const canChoose = options.strategy !== undefined && (await serverVersion(client)) >= 150_000;
  const strategy = canChoose ? ` STRATEGY ${options.strategy}` : "";
  // Closed until PUBLIC has lost its CONNECT (finding 8).
  const statement = `CREATE DATABASE ${ident(name)} OWNER ${ident(role)} TEMPLATE ${ident(options.template)} ALLOW_CONNECTIONS false${strategy}`;
  await withRetry(() => client.query(statement), {
    isRetryable: (error) => isSqlState(error, SQLSTATE.OBJECT_IN_USE),
  });
}

/** Marker and grants, and only with them open to connections. */
async function mark(client: Client, building: string, marker: Marker): Promise<void> {
  await setDatabaseComment(client, building, formatMarker(marker));
  await closeToPublic(client, building);
  await admitAdmin(client, building);
  await allowConnections(client, building, true);
}

/** Brings an adopted database's owner, grants and openness back to what they should be. */
async function repair(client: Client, found: DatabaseState, wanted: TenantDatabase): Promise<void> {
  const name = ident(wanted.database);
  if (found.owner !== wanted.role)
    await client.query(`ALTER DATABASE ${name} OWNER TO ${ident(wanted.role)}`);
  if (found.isOpenToPublic) await closeToPublic(client, wanted.database);
  const { rows } = await client.query("SELECT current_user AS name");
  if (!found.connectGrantees.includes(rows[0].name)) await admitAdmin(client, wanted.database);
  if (!found.allowsConnections) await allowConnections(client, wanted.database, true);
  if (found.connectionLimit !== -1)
    await withRetry(() => client.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`), {
      isRetryable: isConcurrentUpdate,
    });
}

function assertOurs(found: DatabaseState, marker: Marker): void {
  if (ownershipOf(found.comment, marker) !== "ours")
    throw new ForeignObjectError("database", found.name, found.comment, formatMarker(marker));
}
