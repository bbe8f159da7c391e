-- Passwords made for a tenant after its first: the stack makes a new one whenever `rotation` grows. While `rotated` is less,
-- a rotation is under way or was cut off.
ALTER TABLE identity.tenant
  ADD COLUMN rotation   integer NOT NULL DEFAULT 0,
  ADD COLUMN rotated    integer NOT NULL DEFAULT 0,
  ADD COLUMN rotated_at timestamptz;
-- The same for a server's admin: as the environment's config says it, written when the vault's new value has logged in.
ALTER TABLE identity.db_server
  ADD COLUMN admin_rotation integer NOT NULL DEFAULT 0;
-- Tenants on their way to another server, and what they left on the old one.
CREATE TABLE identity.tenant_move (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL REFERENCES identity.tenant (id),
  from_server text NOT NULL,
  to_server   text NOT NULL,
  -- copying: the tenant is on from_server. switched: on to_server, its secret or the old copy not settled yet. kept: the old copy
  -- waits for its end. dropped, undone: nothing is left of it.
  state       text NOT NULL CHECK (state IN ('copying', 'switched', 'kept', 'dropped', 'undone')),
  begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  switched_at timestamptz,
  drop_after  timestamptz,
  ended_at    timestamptz
);
CREATE UNIQUE INDEX tenant_move_open ON identity.tenant_move (tenant_id) WHERE state IN ('copying', 'switched');
CREATE INDEX tenant_move_kept ON identity.tenant_move (drop_after) WHERE state = 'kept';
