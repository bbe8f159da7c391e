/**
 * Second version of schema `tenantry`: who may do what. `seed_key` is what tenantry calls a row of its own; rows without
 * one are the tenant's, and so are names, descriptions and flags of ours that the tenant changed.
 */
export const IDENTITY_SCHEMA_SQL = `
CREATE TABLE IF NOT EXISTS tenantry.role (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key    text UNIQUE,
  name        text NOT NULL,
  description text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS tenantry.role_permission (
  role_id    uuid NOT NULL REFERENCES tenantry.role (id) ON DELETE CASCADE,
  permission text NOT NULL,
  is_seeded  boolean NOT NULL DEFAULT false,
  PRIMARY KEY (role_id, permission)
);
CREATE TABLE IF NOT EXISTS tenantry.user_group (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key   text UNIQUE,
  -- As identity providers say it in their claims.
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS tenantry.group_role (
  group_id  uuid NOT NULL REFERENCES tenantry.user_group (id) ON DELETE CASCADE,
  role_id   uuid NOT NULL REFERENCES tenantry.role (id) ON DELETE CASCADE,
  is_seeded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (group_id, role_id)
);
CREATE TABLE IF NOT EXISTS tenantry.group_member (
  group_id  uuid NOT NULL REFERENCES tenantry.user_group (id) ON DELETE CASCADE,
  admin_id  uuid NOT NULL REFERENCES tenantry.admin (id) ON DELETE CASCADE,
  is_seeded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (group_id, admin_id)
);
CREATE TABLE IF NOT EXISTS tenantry.api_scope (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key    text UNIQUE,
  name        text NOT NULL,
  description text NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS tenantry.api_resource (
  id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key text UNIQUE,
  name     text NOT NULL,
  scopes   text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS tenantry.identity_resource (
  id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key text UNIQUE,
  name     text NOT NULL,
  claims   text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS tenantry.identity_provider (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key   text UNIQUE,
  name       text NOT NULL,
  kind       text NOT NULL,
  is_enabled boolean NOT NULL DEFAULT false,
  -- Never a secret: the name of one in the tenants' vault.
  config     jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS tenantry.application (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key      text UNIQUE,
  name          text NOT NULL,
  client_id     text NOT NULL,
  -- sha256 in hex; the secret itself is only in the vault, under secret_name.
  secret_hash   text NOT NULL,
  secret_name   text,
  callback_urls text[] NOT NULL DEFAULT '{}',
  logout_urls   text[] NOT NULL DEFAULT '{}',
  scopes        text[] NOT NULL DEFAULT '{}',
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS tenantry.connection (
  id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key  text UNIQUE,
  name      text NOT NULL,
  -- How people of this connection prove who they are.
  strategy  text NOT NULL,
  client_id text NOT NULL
);
CREATE TABLE IF NOT EXISTS tenantry.api_key (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  seed_key     text UNIQUE,
  name         text NOT NULL,
  -- sha256 in hex; the key itself is only in the vault, under secret_name.
  secret_hash  text NOT NULL,
  secret_name  text,
  scopes       text[] NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  -- Set while the tenant isn't active; a key works only where both are NULL.
  suspended_at timestamptz,
  revoked_at   timestamptz
);
CREATE TABLE IF NOT EXISTS tenantry.operator (
  email      text PRIMARY KEY,
  role       text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT now()
);
`;
