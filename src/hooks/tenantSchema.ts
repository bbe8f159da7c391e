import {
  ensureTemplate,
  LEDGER_SQL,
  type MigrationFile,
  type ServerAdmin,
  withTransaction,
} from "../postgres/index.ts";
import type { TenantContext } from "./tenantContext.ts";

/** Schema `tenantry` of every tenant's database: ours, owned by the tenant's role. May be run again. */
export const TENANT_SCHEMA_SQL = `${LEDGER_SQL}
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

/** Name of the server's template with schema `tenantry` and these migrations; built when there is none. */
export async function ensureTenantTemplate(
  admin: ServerAdmin,
  files: readonly MigrationFile[],
): Promise<string> {
  return ensureTemplate(admin, { baseSql: TENANT_SCHEMA_SQL, files });
}

/** Makes schema `tenantry` in a database that wasn't cloned from a template of ours; looks first. */
export async function ensureTenantSchema({ client, role }: TenantContext): Promise<void> {
  const { rows } = await client.query("SELECT to_regclass('tenantry.invitation') IS NULL AS is_missing");
  if (rows[0].is_missing !== true) return;
  await withTransaction(client, () => client.query(TENANT_SCHEMA_SQL), { role });
}
