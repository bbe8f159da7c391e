-- Whoever caches facts of a tenant (gates, services) listens here and drops what it holds; the payload is the tenant's id.
CREATE FUNCTION identity.tell_cache_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tenantry_cache', NEW.id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER tenant_cache_epoch AFTER INSERT OR UPDATE OF cache_epoch, status ON identity.tenant
  FOR EACH ROW EXECUTE FUNCTION identity.tell_cache_epoch();
