import type { JsonValue } from "./desired.ts";
import { isSeedSecretOf } from "./names.ts";

/** The roles that every tenant has, unless its plan leaves some out. */
export const ROLE_NAMES = [
  "TenantManagement",
  "UserManagement",
  "RoleManagement",
  "GroupManagement",
  "ClientManagement",
  "IdentityProviderManagement",
  "DashboardManagement",
  "DashboardViewer",
  "ReportingManagement",
  "ReportingViewer",
] as const;

export type RoleName = (typeof ROLE_NAMES)[number];

/** The group that has every role, and the first admin in it. */
export const OWNERS_GROUP = "TenantOwners";

const ENTRY_PREFIX = "entry:";

/** What tenantry calls a row that the entry asks for: apart from its own. */
export function entryKey(name: string): string {
  return `${ENTRY_PREFIX}${name}`;
}

/** What people call a row with this key. */
export function nameOfKey(key: string): string {
  return key.startsWith(ENTRY_PREFIX) ? key.slice(ENTRY_PREFIX.length) : key;
}

/**
 * Everything beside the admin that tenantry puts into a tenant's database, by what it calls each row. Plain data without a
 * secret: what has one names it in the tenants' vault.
 */
export interface IdentitySeeds {
  readonly roles: Readonly<Record<string, SeededRole>>;
  readonly groups: Readonly<Record<string, SeededGroup>>;
  readonly scopes: Readonly<Record<string, { readonly name: string }>>;
  readonly apiResources: Readonly<
    Record<string, { readonly name: string; readonly scopes: readonly string[] }>
  >;
  readonly identityResources: Readonly<
    Record<string, { readonly name: string; readonly claims: readonly string[] }>
  >;
  readonly providers: Readonly<Record<string, SeededProvider>>;
  readonly applications: Readonly<Record<string, SeededApplication>>;
  readonly connections: Readonly<Record<string, { readonly strategy: string; readonly clientId: string }>>;
  readonly apiKeys: Readonly<Record<string, SeededApiKey>>;
}

export interface SeededRole {
  /** Sorted. */
  readonly permissions: readonly string[];
}

export interface SeededGroup {
  /** Seed keys of roles, sorted. */
  readonly roles: readonly string[];
  /** The first admin is a member. */
  readonly hasAdmin: boolean;
}

export interface SeededProvider {
  /** `parent`, `entra`, `google`, `oidc`. */
  readonly kind: string;
  readonly isEnabled: boolean;
  /** What the application needs to ask it; a secret only by its name in the tenants' vault. */
  readonly config: Readonly<Record<string, JsonValue>>;
}

export interface SeededApplication {
  readonly clientId: string;
  readonly callbackUrls: readonly string[];
  readonly logoutUrls: readonly string[];
  readonly scopes: readonly string[];
  /** The tenants' vault has the client secret under this name; the database its hash. */
  readonly secretName: string;
}

export interface SeededApiKey {
  readonly scopes: readonly string[];
  /** The tenants' vault has the key under this name; the database its hash. */
  readonly secretName: string;
}

/**
 * Names of all secrets that these seeds of a tenant have in the tenants' vault, sorted. Others are left out: a database that
 * was restored, or that the tenant changed, may name another's, or none.
 */
export function seedSecretNames(
  slug: string,
  { applications, apiKeys }: Pick<IdentitySeeds, "applications" | "apiKeys">,
): readonly string[] {
  return [...Object.values(applications), ...Object.values(apiKeys)]
    .map(({ secretName }) => secretName)
    .filter((name) => isSeedSecretOf(slug, name))
    .sort();
}
