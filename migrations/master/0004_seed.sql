-- What a tenant gets at birth beside its database: names of its further secrets, the main tenant's identity providers,
-- how the delivery of a mail goes, and which operators were let into which tenant.
ALTER TABLE identity.tenant ADD COLUMN seeded_secrets text[] NOT NULL DEFAULT '{}';

CREATE TABLE identity.identity_provider (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES identity.organization (id),
  kind            text NOT NULL,
  name            text NOT NULL,
  is_enabled      boolean NOT NULL DEFAULT false,
  config          jsonb NOT NULL DEFAULT '{}',
  UNIQUE (organization_id, kind)
);

-- The next attempt of a mail follows from these two; what a server answered holds no link.
ALTER TABLE identity.outbox
  ADD COLUMN attempts        integer NOT NULL DEFAULT 0,
  ADD COLUMN last_attempt_at timestamptz,
  ADD COLUMN last_error      text;

-- Restoring a database brings back an older one: who was let in since is let in again from here.
CREATE TABLE identity.operator_grant (
  tenant_id  uuid NOT NULL REFERENCES identity.tenant (id),
  operator   text NOT NULL,
  role       text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, operator)
);
