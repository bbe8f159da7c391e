import { createHash } from "node:crypto";

/**
 * Names of a tenant's edge resources and the keys of our marker: program makes them, provider and status
 * look for them, so both ask here. Pure; a name never changes for tidiness.
 */

/** Tags on a secret and metadata on a record set that say whose it is. */
export const MARKER_KEYS = {
  stack: "tenantry-stack",
  slug: "tenantry-slug",
  tenantId: "tenantry-id",
} as const;

/** The marker itself, as tags or metadata. */
export function markerOf(key: {
  readonly stack: string;
  readonly slug: string;
  readonly tenantId: string;
}): Record<string, string> {
  return {
    [MARKER_KEYS.stack]: key.stack,
    [MARKER_KEYS.slug]: key.slug,
    [MARKER_KEYS.tenantId]: key.tenantId,
  };
}

/** ARM name of the tenant's `AFDCustomDomain`; domains carry no tags, so the name is the marker. */
export function customDomainName(slug: string): string {
  return `tenant-${slug}`;
}

/** Hexadecimal digits of a host's hash in a name: two hosts of one tenant never share one. */
const HASH_DIGITS = 12;

/** ARM name of the `AFDCustomDomain` of a customer's own host. No slug has two hyphens, so it is no tenant's own domain. */
export function ownDomainName(slug: string, host: string): string {
  const hash = createHash("sha256").update(host).digest("hex").slice(0, HASH_DIGITS);
  return `${customDomainName(slug)}--${hash}`;
}

/** ARM names of all of a tenant's domains with their hosts; the first host is `<slug>.<zone>`. */
export function domainNames(
  slug: string,
  hosts: readonly string[],
): readonly { readonly host: string; readonly name: string }[] {
  return hosts.map((host, at) => ({
    host,
    name: at === 0 ? customDomainName(slug) : ownDomainName(slug, host),
  }));
}

/** ARM name of the tenant's `Route` on the environment's endpoint. */
export function routeName(slug: string): string {
  return `tenant-${slug}`;
}

/** Relative name of the CNAME record set in the environment's zone. */
export function cnameRecordName(slug: string): string {
  return slug;
}

/** Relative name of the TXT record set that proves the domain to Front Door. */
export function validationRecordName(slug: string): string {
  return `_dnsauth.${slug}`;
}
