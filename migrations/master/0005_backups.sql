-- Work that goes on without the process that asked for it; any process may look how far it is.
CREATE TABLE identity.job (
  id           uuid PRIMARY KEY,
  tenant_id    uuid NOT NULL REFERENCES identity.tenant (id),
  kind         text NOT NULL,
  state        text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  -- The last thing it told, in words without a secret.
  progress     text NOT NULL DEFAULT '',
  details      jsonb NOT NULL DEFAULT '{}',
  started_at   timestamptz NOT NULL DEFAULT now(),
  -- Renewed while its process lives.
  heartbeat_at timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  error_code   text,
  error        text
);
CREATE INDEX job_tenant ON identity.job (tenant_id, started_at);

-- Databases that another took the place of (a restore), kept for a while under a name of ours.
CREATE TABLE identity.kept_database (
  server     text NOT NULL REFERENCES identity.db_server (name),
  name       text NOT NULL,
  tenant_id  uuid NOT NULL REFERENCES identity.tenant (id),
  reason     text NOT NULL,
  kept_until timestamptz NOT NULL,
  PRIMARY KEY (server, name)
);

-- Tenants whose database was there before them: until they were active once, an undo gives it back as it was.
CREATE TABLE identity.attachment (
  tenant_id  uuid PRIMARY KEY REFERENCES identity.tenant (id),
  server     text NOT NULL REFERENCES identity.db_server (name),
  database   text NOT NULL,
  -- Owner, access and each object's owner before.
  previous   jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
