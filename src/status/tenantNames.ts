import type { DesiredTenant } from "../tenant/desired.ts";
import { domainNames } from "../tenant/edgeNames.ts";
import type { TenantNames } from "./observation.ts";

/** What to look for when a tenant's status is asked. */
export function namesOf(tenant: DesiredTenant): TenantNames {
  const inherited = Object.entries(tenant.settings).filter(([, { source }]) => source !== "tenant");
  return {
    slug: tenant.slug,
    databaseName: tenant.databaseName,
    secretName: tenant.secretName,
    host: tenant.hosts[0] ?? "",
    domains: domainNames(tenant.slug, tenant.hosts).slice(1),
    inheritedSettings: Object.fromEntries(inherited.map(([key, { value }]) => [key, value])),
  };
}
