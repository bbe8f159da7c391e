-- One row for each listener that an event is told to, written with the event: what was not told survives a crash.
CREATE TABLE identity.listener_call (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The idempotency key that every try of this call bears.
  key         text NOT NULL UNIQUE,
  tenant_id   uuid NOT NULL REFERENCES identity.tenant (id),
  event       text NOT NULL CHECK (event IN ('onTenantCreating', 'onTenantCreated', 'onTenantUpdated',
                                             'onTenantDeleting', 'onTenantDeleted')),
  listener    text NOT NULL,
  -- The tenant when it happened; for an update also as it was before. No credential.
  facts       jsonb NOT NULL,
  state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'stopped', 'given_up')),
  attempts    integer NOT NULL DEFAULT 0,
  last_error  text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  next_due_at timestamptz NOT NULL DEFAULT now(),
  done_at     timestamptz
);
CREATE INDEX listener_call_due ON identity.listener_call (next_due_at) WHERE state = 'waiting';
CREATE INDEX listener_call_tenant ON identity.listener_call (tenant_id) WHERE state <> 'done';

-- How often a failed provisioning was begun again by maintenance in this life.
ALTER TABLE identity.tenant ADD COLUMN retries integer NOT NULL DEFAULT 0;
