import { type ErrorCode, UserError } from "./errors.ts";
import { visible } from "./problems.ts";

/** PostgreSQL's NAMEDATALEN - 1; longer names are cut without an error. */
export const MAX_POSTGRES_NAME_BYTES = 63;
/** RFC 1035: octets of one label, and of a whole name without its final dot. */
const MAX_LABEL_BYTES = 63;
const MAX_HOST_BYTES = 253;
/** `<env>.<slug>` must fit Pulumi's 100 characters for a stack. */
const MAX_ENVIRONMENT_LENGTH = 20;

export const SLUG_PATTERN = /^[a-z][a-z0-9-]{2,39}$/;
const ENVIRONMENT_PATTERN = /^[a-z][a-z0-9-]*$/;
const OWNER_SUFFIX = "_owner";

/** A tenant of this name would shadow something of the platform's. Environment names come on top. */
export const RESERVED_SLUGS: readonly string[] = [
  "default",
  "__farm__",
  "main",
  "master",
  "platform",
  "www",
  "api",
  "admin",
  "cdn",
];

/** Names that environments usually have: reserved also where no file of that name is. */
export const RESERVED_ENVIRONMENTS: readonly string[] = ["local", "dev", "prod"];

/** Databases that every server has, and names of ours; `tenantry…` and `pg_…` are refused by prefix. */
const RESERVED_DATABASES: ReadonlySet<string> = new Set([
  "postgres",
  "template0",
  "template1",
  "azure_maintenance",
  "azure_sys",
]);
const RESERVED_DATABASE_PREFIXES: readonly string[] = ["pg_", "tenantry", "tmpl_"];

/** Why a name can't be used: code, what was expected, in words that fit `expected …; got …`. */
export interface NameRefusal {
  readonly code: ErrorCode;
  readonly expected: string;
}

/**
 * Why this slug can't name a tenant; undefined when it can. Reserved names are checked first, so that `__farm__` is called
 * reserved and not misspelled. `environments` are the names of the project's environments.
 */
export function slugRefusal(slug: string, environments: readonly string[]): NameRefusal | undefined {
  if (RESERVED_SLUGS.includes(slug) || environments.includes(slug)) {
    return { code: "E_RESERVED_SLUG", expected: "a slug that the platform doesn't use itself" };
  }
  if (SLUG_PATTERN.test(slug) && !slug.endsWith("-") && !slug.includes("--")) return undefined;
  return {
    code: "E_INVALID_SLUG",
    expected: "3 to 40 lowercase letters, digits and single hyphens, a letter first and no hyphen last",
  };
}

/** Throws `E_RESERVED_SLUG` or `E_INVALID_SLUG` for a slug typed on a command line or sent to an API. */
export function assertSlug(slug: string, environments: readonly string[]): void {
  const refusal = slugRefusal(slug, environments);
  if (refusal === undefined) return;
  const message = `slug '${visible(slug)}': expected ${refusal.expected}; got '${visible(slug)}'.`;
  throw new UserError(refusal.code, message, {
    hint: "The slug is the entry's file name: tenants/<slug>.yaml.",
  });
}

/** Whether a text can name an environment: it is a part of stack, file and resource names. */
export function isEnvironmentName(name: string): boolean {
  return ENVIRONMENT_PATTERN.test(name) && !name.endsWith("-") && name.length <= MAX_ENVIRONMENT_LENGTH;
}

/** `tenant_<slug, - to _>`; two slugs never share one, for slugs hold no `_`. At most 47 bytes. */
export function databaseNameOf(slug: string): string {
  return `tenant_${slug.replaceAll("-", "_")}`;
}

/** The role that owns a database: `<database>_owner`. At most 63 bytes for every name that `databaseRefusal` allows. */
export function roleNameOf(databaseName: string): string {
  return `${databaseName}${OWNER_SUFFIX}`;
}

/** The Key Vault secret with the tenant's URL: `tenant-db-<slug>`; letters, digits and hyphens, as Key Vault asks. */
export function secretNameOf(slug: string): string {
  return `tenant-db-${slug}`;
}

/** The Key Vault secret with the client secret of a tenant's own application. */
export function clientSecretName(slug: string): string {
  return `tenant-client-${slug}`;
}

/** The Key Vault secret with one of a tenant's API keys; a slug has no two hyphens together, so no two tenants share one. */
export function apiKeySecretName(slug: string, key: string): string {
  return `tenant-key-${slug}--${key}`;
}

/** Whether a name can only be that of a client's secret or API key of this tenant. */
export function isSeedSecretOf(slug: string, name: string): boolean {
  return name === clientSecretName(slug) || name.startsWith(apiKeySecretName(slug, ""));
}

/** The host a tenant always answers on: `<slug>.<zone>`. */
export function hostOf(slug: string, zone: string): string {
  return `${slug}.${zone}`;
}

/** The tenant's Pulumi stack: `<env>.<slug>`. */
export function stackOf(environment: string, slug: string): string {
  return `${environment}.${slug}`;
}

/** Why this can't be a tenant database's own name, in words that fit `expected …; got …`; undefined when it can. */
export function databaseRefusal(name: string): string | undefined {
  const longest = MAX_POSTGRES_NAME_BYTES - OWNER_SUFFIX.length;
  if (!/^[a-z][a-z0-9_]*$/.test(name) || name.length > longest) {
    return `a lowercase letter, then lowercase letters, digits and underscores, at most ${longest} in all`;
  }
  if (RESERVED_DATABASES.has(name) || RESERVED_DATABASE_PREFIXES.some((prefix) => name.startsWith(prefix))) {
    return "a database name that neither PostgreSQL, Azure nor tenantry uses itself";
  }
  return undefined;
}

/** Why this can't be a host or zone name, in words that fit `expected …; got …`; undefined when it can. */
export function hostRefusal(host: string): string | undefined {
  const labels = host.split(".");
  const isLegal =
    host.length <= MAX_HOST_BYTES &&
    labels.length >= 2 &&
    labels.every((label) => label.length <= MAX_LABEL_BYTES && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
  return isLegal ? undefined : "a lowercase host name such as 'tenants.example.com'";
}
