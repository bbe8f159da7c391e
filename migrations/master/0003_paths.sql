-- A path prefix leads to one living tenant: the gate takes the row it finds.
CREATE UNIQUE INDEX tenant_path_prefix_live ON identity.tenant (path_prefix)
  WHERE path_prefix IS NOT NULL AND status <> 'purged';
