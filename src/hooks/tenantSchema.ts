import {
  type Client,
  ensureTemplate,
  LEDGER_SQL,
  type MigrationFile,
  OWN_TABLES,
  type ServerAdmin,
  tenantLockKey,
  withAdvisoryLock,
  withTransaction,
} from "../postgres/index.ts";
import { TENANT_SCHEMA_VERSION } from "../tenant/schemaVersion.ts";
import { IDENTITY_SCHEMA_SQL } from "./identitySchema.ts";
import type { TenantContext } from "./tenantContext.ts";

/** Whose database this is says nothing of what is in it: the schema's own comment does. */
const VERSION_COMMENT = `tenantry:schema ${TENANT_SCHEMA_VERSION}`;
/** How long another run that makes the same tables is waited for. */
const LOCK_WAIT_MS = 60_000;
/** No function of the tenant's is found by a name of ours. */
const OWN_SEARCH_PATH = "SET LOCAL search_path = pg_catalog, pg_temp";

/** What the first version had. */
const FIRST_SCHEMA_SQL = `${LEDGER_SQL}
CREATE TABLE IF NOT EXISTS tenantry.setting (
  key    text PRIMARY KEY,
  value  jsonb NOT NULL,
  -- Which layer decided it.
  source text NOT NULL CHECK (source IN ('environment', 'plan', 'tenant'))
);
CREATE TABLE IF NOT EXISTS tenantry.admin (
  id                  uuid PRIMARY KEY,
  -- The one whom the entry names.
  is_first            boolean NOT NULL DEFAULT true,
  email               text NOT NULL,
  must_reset_password boolean NOT NULL DEFAULT true,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX IF NOT EXISTS admin_one_first ON tenantry.admin (is_first) WHERE is_first;
CREATE TABLE IF NOT EXISTS tenantry.invitation (
  id         uuid PRIMARY KEY,
  admin_id   uuid NOT NULL REFERENCES tenantry.admin (id) ON DELETE CASCADE,
  -- sha256 of the one-time token, in hex; the token itself is only in the link.
  token_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  revoked_at timestamptz
);
`;

/**
 * Schema `tenantry` of every tenant's database: ours, owned by the tenant's role. May be run again and on any older version:
 * every statement leaves alone what is there.
 */
export const TENANT_SCHEMA_SQL = `${FIRST_SCHEMA_SQL}${IDENTITY_SCHEMA_SQL}
COMMENT ON SCHEMA tenantry IS '${VERSION_COMMENT}';
`;

/** Name of the server's template with schema `tenantry` and these migrations; built when there is none. */
export async function ensureTenantTemplate(
  admin: ServerAdmin,
  files: readonly MigrationFile[],
): Promise<string> {
  return ensureTemplate(admin, { baseSql: TENANT_SCHEMA_SQL, files });
}

/**
 * Brings schema `tenantry` of a database to this version, under the tenant's lock in that database: one that wasn't cloned
 * from a template of ours, one of an older release, one whose tables somebody dropped. Looks first, and only at the catalog.
 */
export async function ensureTenantSchema({ client, role, slug }: TenantContext): Promise<void> {
  if (await isCurrent(client)) return;
  await withAdvisoryLock(
    client,
    tenantLockKey(slug),
    async () => {
      if (await isCurrent(client)) return;
      await withTransaction(client, () => client.query(TENANT_SCHEMA_SQL), {
        role,
        settings: OWN_SEARCH_PATH,
      });
    },
    { waitMs: LOCK_WAIT_MS },
  );
}

/** A newer release's schema has all that this one needs: versions only add. */
async function isCurrent(client: Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment,
            (SELECT pg_catalog.count(*)::pg_catalog.int4 FROM pg_catalog.pg_class c
              WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid
                AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])) AS tables
       FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'tenantry'::pg_catalog.name`,
    [OWN_TABLES],
  );
  const [found] = rows;
  return found?.tables === OWN_TABLES.length && versionIn(found.comment) >= TENANT_SCHEMA_VERSION;
}

function versionIn(comment: string | null): number {
  return Number(/^tenantry:schema (\d+)$/.exec(comment ?? "")?.[1] ?? 0);
}
