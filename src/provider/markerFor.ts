import type { Marker } from "../postgres/index.ts";

/** The marker of a tenant's role and database, from whatever names the tenant. */
export function markerFor({ stack, slug, tenantId }: Marker): Marker {
  return { stack, slug, tenantId };
}
