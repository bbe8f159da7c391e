-- Passwords made for a tenant after its first: the stack makes a new one whenever `rotation` grows. While `rotated` is less,
-- a rotation is under way or was cut off.
ALTER TABLE identity.tenant
  ADD COLUMN rotation   integer NOT NULL DEFAULT 0,
  ADD COLUMN rotated    integer NOT NULL DEFAULT 0,
  ADD COLUMN rotated_at timestamptz;
-- The same for a server's admin: as the environment's config says it, written when the vault's new value has logged in.
ALTER TABLE identity.db_server
  ADD COLUMN admin_rotation integer NOT NULL DEFAULT 0;
