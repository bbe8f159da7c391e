-- The control database: who the tenants are, where they live and what happened to them.
CREATE SCHEMA identity;

CREATE TABLE identity.db_server (
  name               text PRIMARY KEY,
  host               text NOT NULL,
  port               integer NOT NULL,
  region             text NOT NULL,
  admin_secret_ref   text NOT NULL,
  capacity_hint      integer NOT NULL CHECK (capacity_hint >= 0),
  max_connections    integer NOT NULL CHECK (max_connections > 0),
  tenant_connections integer NOT NULL CHECK (tenant_connections > 0),
  status             text NOT NULL CHECK (status IN ('active', 'draining', 'inactive')),
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE identity.tenant (
  id                 uuid PRIMARY KEY,
  slug               text NOT NULL,
  stack              text NOT NULL,
  status             text NOT NULL CHECK (status IN ('provisioning', 'provisioning_failed', 'active', 'suspended',
                                                     'deleting', 'deleted', 'purging', 'purged')),
  status_reason      text,
  status_code        text,
  display_name       text,
  legal_name         text,
  admin_email        text,
  plan               text,
  labels             jsonb NOT NULL DEFAULT '{}',
  settings           jsonb NOT NULL DEFAULT '{}',
  -- NULL until Placement decided; kept after the purge for the tombstone.
  server             text REFERENCES identity.db_server (name),
  isolation          text NOT NULL DEFAULT 'database',
  database_name      text NOT NULL,
  role_name          text NOT NULL,
  secret_name        text NOT NULL,
  hosts              text[] NOT NULL,
  path_prefix        text,
  hold               boolean NOT NULL DEFAULT false,
  is_purge_confirmed boolean NOT NULL DEFAULT false,
  retention_days     integer NOT NULL DEFAULT 30,
  cache_epoch        bigint NOT NULL DEFAULT 0,
  -- Last time each status was entered in this life; retention counts from deleted_at.
  provisioning_at    timestamptz NOT NULL DEFAULT now(),
  provisioning_failed_at timestamptz,
  active_at          timestamptz,
  suspended_at       timestamptz,
  deleting_at        timestamptz,
  deleted_at         timestamptz,
  purging_at         timestamptz,
  purged_at          timestamptz,
  updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tenant_slug_live ON identity.tenant (slug) WHERE status <> 'purged';
CREATE INDEX tenant_server ON identity.tenant (server) WHERE status <> 'purged';

-- Hosts of tenants that are not purged; a host belongs to one tenant.
CREATE TABLE identity.tenant_host (
  host      text PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES identity.tenant (id)
);
CREATE INDEX tenant_host_tenant ON identity.tenant_host (tenant_id);

-- One row a phase and run; a run that changes nothing writes none.
CREATE TABLE identity.tenant_phase (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES identity.tenant (id),
  run_id    text NOT NULL,
  phase     text NOT NULL,
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (tenant_id, run_id, phase)
);

CREATE TABLE identity.organization (
  id           uuid PRIMARY KEY,
  slug         text NOT NULL,
  name         text NOT NULL,
  is_main      boolean NOT NULL DEFAULT false,
  parent_id    uuid REFERENCES identity.organization (id),
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX organization_one_main ON identity.organization (is_main) WHERE is_main;

CREATE TABLE identity.tenant_audit (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at               timestamptz NOT NULL DEFAULT clock_timestamp(),
  tenant_id        uuid,
  slug             text NOT NULL,
  event_type       text NOT NULL,
  -- Exactly one of the two says who: a platform user, or the OS user of the machine that ran it.
  platform_user_id text,
  os_user          text,
  git_commit       text,
  details          jsonb NOT NULL DEFAULT '{}',
  CHECK (platform_user_id IS NOT NULL OR os_user IS NOT NULL)
);
CREATE INDEX tenant_audit_slug ON identity.tenant_audit (slug, at);

CREATE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'identity.tenant_audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER tenant_audit_append_only BEFORE UPDATE OR DELETE ON identity.tenant_audit
  FOR EACH ROW EXECUTE FUNCTION identity.refuse_change();
CREATE TRIGGER tenant_audit_no_truncate BEFORE TRUNCATE ON identity.tenant_audit
  FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();

-- Mail waits here. `held` until the tenant is complete; a revoked one is never sent.
CREATE TABLE identity.outbox (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL REFERENCES identity.tenant (id),
  kind        text NOT NULL CHECK (kind IN ('invitation')),
  recipient   text NOT NULL,
  -- The one-time link; useless once used, revoked or expired.
  payload     jsonb NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  released_at timestamptz,
  revoked_at  timestamptz,
  sent_at     timestamptz
);
CREATE INDEX outbox_due ON identity.outbox (released_at) WHERE sent_at IS NULL AND revoked_at IS NULL;

CREATE TABLE identity.backup (
  id            uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL REFERENCES identity.tenant (id),
  kind          text NOT NULL CHECK (kind IN ('final', 'daily', 'manual')),
  format        text NOT NULL CHECK (format IN ('pg_dump', 'archive')),
  location      text NOT NULL,
  size_bytes    bigint NOT NULL,
  sha256        text NOT NULL,
  taken_at      timestamptz NOT NULL,
  verified_at   timestamptz,
  deleted_after timestamptz,
  deleted_at    timestamptz
);
CREATE INDEX backup_tenant ON identity.backup (tenant_id, taken_at);
