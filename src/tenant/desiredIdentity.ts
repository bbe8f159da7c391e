import type { JsonValue } from "./desired.ts";
import type { EntryIdentity } from "./entryIdentity.ts";
import {
  entryKey,
  type IdentitySeeds,
  OWNERS_GROUP,
  ROLE_NAMES,
  type SeededProvider,
} from "./identitySeeds.ts";
import { apiKeySecretName, clientSecretName } from "./names.ts";
import { DEFAULT_PERMISSIONS, IDENTITY_RESOURCES } from "./permissionTable.ts";
import { DEFAULT_SEEDS, type PlanSeeds } from "./planSeeds.ts";

/** What a tenant's identity is decided from. */
export interface IdentityWish {
  readonly slug: string;
  /** What the tenants' application is called: first part of the scopes' names. */
  readonly product: string;
  /** The tenant's hosts, its own first. */
  readonly hosts: readonly string[];
  /** Of the parent tenant, or of the main one. */
  readonly parent: { readonly slug: string; readonly host?: string };
  readonly seeds?: PlanSeeds;
  /** What the entry adds. */
  readonly identity?: EntryIdentity;
}

/** Every row that a tenant's database gets beside its admin. Pure. */
export function toIdentitySeeds(wish: IdentityWish): IdentitySeeds {
  const { slug, seeds = DEFAULT_SEEDS } = wish;
  const scopes = scopeNames(wish);
  const roles = ROLE_NAMES.filter((name) => seeds.roles?.includes(name) ?? true).sort();
  const clientId = `${wish.product}.${slug}`;
  return {
    roles: Object.fromEntries(
      roles.map((name) => [
        name,
        { permissions: [...(seeds.permissions[name] ?? DEFAULT_PERMISSIONS[name])].sort() },
      ]),
    ),
    groups: { [OWNERS_GROUP]: { roles, hasAdmin: true }, ...entryGroups(wish) },
    scopes: Object.fromEntries(Object.entries(scopes).map(([key, name]) => [key, { name }])),
    apiResources: { api: { name: `${wish.product}_api`, scopes: Object.values(scopes).sort() } },
    identityResources: Object.fromEntries(
      Object.entries(IDENTITY_RESOURCES).map(([name, claims]) => [name, { name, claims }]),
    ),
    providers: { ...(seeds.parentProvider ? { parent: parentProvider(wish) } : {}), ...entryProviders(wish) },
    ...applicationOf(wish, seeds, clientId, scopes),
    apiKeys: Object.fromEntries(
      Object.entries(seeds.apiKeys).map(([key, names]) => [
        key,
        {
          scopes: names.map((name) => scopes[name] ?? name).sort(),
          secretName: apiKeySecretName(slug, key),
        },
      ]),
    ),
  };
}

/** Groups by their providers' names for them. */
function entryGroups({ identity }: IdentityWish): IdentitySeeds["groups"] {
  return Object.fromEntries(
    Object.entries(identity?.groups ?? {}).map(([name, roles]) => [
      entryKey(name),
      { roles: [...new Set(roles)].sort(), hasAdmin: false },
    ]),
  );
}

function entryProviders({ identity }: IdentityWish): IdentitySeeds["providers"] {
  return Object.fromEntries(
    (identity?.providers ?? []).map(({ name, kind, enabled, ...config }) => [
      entryKey(name),
      { kind, isEnabled: enabled, config },
    ]),
  );
}

/** Scopes by what a plan calls them: `<product>_api` is `all`. */
function scopeNames({ product, seeds = DEFAULT_SEEDS }: IdentityWish): Readonly<Record<string, string>> {
  const api = `${product}_api`;
  const more = seeds.scopes.map((name) => [name, `${api}.${name}`] as const);
  return { all: api, read_only: `${api}.read_only`, ...Object.fromEntries(more) };
}

/** People of the parent sign in there; of the main tenant only the name is known. */
function parentProvider({ parent }: IdentityWish): SeededProvider {
  const issuer: Readonly<Record<string, JsonValue>> =
    parent.host === undefined ? {} : { issuer: `https://${parent.host}` };
  return { kind: "parent", isEnabled: true, config: { parent: parent.slug, ...issuer } };
}

function applicationOf(
  { slug, hosts }: IdentityWish,
  { application }: PlanSeeds,
  clientId: string,
  scopes: Readonly<Record<string, string>>,
): Pick<IdentitySeeds, "applications" | "connections"> {
  if (application === false) return { applications: {}, connections: {} };
  const urls = (paths: readonly string[]) =>
    hosts.flatMap((host) => paths.map((path) => `https://${host}${path}`));
  const own = {
    clientId,
    callbackUrls: urls(application.callbackPaths),
    logoutUrls: urls(application.logoutPaths),
    scopes: [...Object.keys(IDENTITY_RESOURCES), scopes.all ?? ""].sort(),
    secretName: clientSecretName(slug),
  };
  return {
    applications: { default: own },
    connections: { default: { strategy: "password", clientId } },
  };
}
