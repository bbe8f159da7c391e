import { type Client, serverVersion, withConnection } from "./connect.ts";
import { allowConnections, dropDatabase, setDatabaseComment, waitUntilEmpty } from "./database.ts";
import { observeDatabase } from "./databaseState.ts";
import { createEmptyDatabase } from "./emptyDatabase.ts";
import { ForeignObjectError } from "./errors.ts";
import { TEMPLATE_LOCK_KEY, withAdvisoryLock } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { type MigrationFile, migrationSetHash } from "./migrationFile.ts";
import { ident, literal } from "./quote.ts";
import { grantToAdmin, observeRole } from "./role.ts";
import type { ServerAdmin } from "./serverAdmin.ts";
import { withTransaction } from "./transaction.ts";
import { withDatabase } from "./url.ts";

/** Owns the objects in templates and nothing shared, so that REASSIGN OWNED can't give a database away (F17). */
export const TEMPLATE_OWNER = "tenantry_template_owner";

const OWNER_COMMENT = "tenantry:template-owner";
const TEMPLATE_COMMENT = "tenantry:template";
const BUILDING_SUFFIX = "_new";

/** Templates beside a new one that stay: of plans with another target, and of other checkouts that use this server. */
const KEPT = 3;

/** How long another run's build is waited for. */
const BUILD_WAIT_MS = 120_000;

/** What a template holds. */
export interface TemplateContent {
  /** SQL run first, as the template's owner; must be repeatable. */
  readonly baseSql: string;
  /** Already cut at the target. */
  readonly files: readonly MigrationFile[];
}

/** Name of the template of this content: `tmpl_tenantry_<12 hex>`. */
export function templateName(content: TemplateContent): string {
  return `tmpl_tenantry_${migrationSetHash(content.files, content.baseSql)}`;
}

/**
 * Name of a finished template with this content on this server; builds it when there is none. Built under another name
 * and renamed last, so one that has its name is whole; closed to connections before anybody can clone it (F11).
 * One whose collation version no longer fits is built anew (F21). Throws MigrationFailedError, LockHeldError.
 */
export async function ensureTemplate(admin: ServerAdmin, content: TemplateContent): Promise<string> {
  const name = templateName(content);
  if (await isReady(admin, name)) return name;
  await withAdvisoryLock(
    admin.client,
    TEMPLATE_LOCK_KEY,
    async () => {
      if (await isReady(admin, name)) return;
      await ensureTemplateOwner(admin);
      await dropDatabase(admin.client, name);
      await build(admin, name, content);
      await dropOldTemplates(admin.client, name);
    },
    { waitMs: BUILD_WAIT_MS },
  );
  return name;
}

/** Drops all but the last few that were built. A run that was about to clone one of them builds it anew. */
async function dropOldTemplates(client: Client, newest: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT datname AS name FROM pg_database
      WHERE datistemplate AND datname LIKE 'tmpl\\_tenantry\\_%' AND datname <> $1::text
        AND shobj_description(oid, 'pg_database') = $2::text
      ORDER BY oid DESC OFFSET $3`,
    [newest, TEMPLATE_COMMENT, KEPT],
  );
  for (const { name } of rows) await dropDatabase(client, name);
}

async function isReady(admin: ServerAdmin, name: string): Promise<boolean> {
  const found = await observeDatabase(admin.client, name);
  if (found === undefined || found.isInvalid) return false;
  if (found.comment !== TEMPLATE_COMMENT)
    throw new ForeignObjectError("database", name, found.comment, TEMPLATE_COMMENT);
  if (!found.isTemplate || found.allowsConnections) return false;
  return hasFittingCollation(admin, name);
}

/** A template from before an upgrade of the system's collations can't be cloned; PostgreSQL 15 and newer record it. */
async function hasFittingCollation(admin: ServerAdmin, name: string): Promise<boolean> {
  if ((await serverVersion(admin.client)) < 150_000) return true;
  const { rows } = await admin.client.query(
    `SELECT datcollversion IS NULL OR datcollversion = pg_database_collation_actual_version(oid) AS fits
       FROM pg_database WHERE datname = $1::text`,
    [name],
  );
  return rows[0]?.fits === true;
}

async function ensureTemplateOwner(admin: ServerAdmin): Promise<void> {
  const { client } = admin;
  const found = await observeRole(client, TEMPLATE_OWNER);
  if (found !== undefined && found.comment !== OWNER_COMMENT)
    throw new ForeignObjectError("role", TEMPLATE_OWNER, found.comment, OWNER_COMMENT);
  if (found === undefined)
    await withTransaction(client, async () => {
      await client.query(`CREATE ROLE ${ident(TEMPLATE_OWNER)} WITH NOLOGIN NOCREATEDB NOCREATEROLE INHERIT`);
      await client.query(`COMMENT ON ROLE ${ident(TEMPLATE_OWNER)} IS ${literal(OWNER_COMMENT)}`);
    });
  await grantToAdmin(client, TEMPLATE_OWNER);
}

async function build(admin: ServerAdmin, name: string, content: TemplateContent): Promise<void> {
  const { client } = admin;
  const building = `${name}${BUILDING_SUFFIX}`;
  await dropDatabase(client, building);
  try {
    await createEmptyDatabase(admin, building);
    await fill(admin, building, content);
    await waitUntilEmpty(client, building);
    await client.query(`ALTER DATABASE ${ident(building)} WITH IS_TEMPLATE true`);
    await allowConnections(client, building, false);
    await setDatabaseComment(client, building, TEMPLATE_COMMENT);
    await client.query(`ALTER DATABASE ${ident(building)} RENAME TO ${ident(name)}`);
  } catch (error) {
    await dropDatabase(client, building);
    throw error;
  }
}

/** The owner may create in the database and in `public` only while it is filled; neither grant reaches a clone. */
async function fill(admin: ServerAdmin, database: string, content: TemplateContent): Promise<void> {
  const owner = ident(TEMPLATE_OWNER);
  await admin.client.query(`GRANT CREATE ON DATABASE ${ident(database)} TO ${owner}`);
  await withConnection(withDatabase(admin.url, database), admin.options, async (client) => {
    await client.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${owner}`);
    await withTransaction(client, () => client.query(content.baseSql), { role: TEMPLATE_OWNER });
    await migrate(client, content.files, { role: TEMPLATE_OWNER });
    await client.query(`REVOKE CREATE, USAGE ON SCHEMA public FROM ${owner}`);
  });
}
