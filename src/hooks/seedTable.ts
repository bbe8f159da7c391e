import type { OwnTable } from "../postgres/index.ts";
import type { IdentitySeeds } from "../tenant/identitySeeds.ts";

/** One column that tenantry decides, and the property of the seed that says it. */
export interface SeedColumn {
  readonly property: string;
  readonly column: string;
  readonly type: "text" | "text[]" | "boolean" | "jsonb";
}

/** How one kind of seed lies in its table. */
export interface SeedTable {
  readonly part: keyof IdentitySeeds;
  readonly table: OwnTable;
  readonly columns: readonly SeedColumn[];
  /** `name` is written once, from the seed's key, and is the tenant's to change from then on. */
  readonly isNamedOnce: boolean;
  /** The table keeps a secret's hash in `secret_hash`. */
  readonly hasSecret: boolean;
}

const column = (property: string, name: string, type: SeedColumn["type"] = "text"): SeedColumn => ({
  property,
  column: name,
  type,
});

/** Every kind of seed, in an order in which rows may be made; pairs of rows come after all of them. */
export const SEED_TABLES: readonly SeedTable[] = [
  { part: "roles", table: "role", columns: [], isNamedOnce: true, hasSecret: false },
  { part: "groups", table: "user_group", columns: [], isNamedOnce: true, hasSecret: false },
  {
    part: "scopes",
    table: "api_scope",
    columns: [column("name", "name")],
    isNamedOnce: false,
    hasSecret: false,
  },
  {
    part: "apiResources",
    table: "api_resource",
    columns: [column("name", "name"), column("scopes", "scopes", "text[]")],
    isNamedOnce: false,
    hasSecret: false,
  },
  {
    part: "identityResources",
    table: "identity_resource",
    columns: [column("name", "name"), column("claims", "claims", "text[]")],
    isNamedOnce: false,
    hasSecret: false,
  },
  {
    part: "providers",
    table: "identity_provider",
    columns: [
      column("kind", "kind"),
      column("isEnabled", "is_enabled", "boolean"),
      column("config", "config", "jsonb"),
    ],
    isNamedOnce: true,
    hasSecret: false,
  },
  {
    part: "applications",
    table: "application",
    columns: [
      column("clientId", "client_id"),
      column("callbackUrls", "callback_urls", "text[]"),
      column("logoutUrls", "logout_urls", "text[]"),
      column("scopes", "scopes", "text[]"),
      column("secretName", "secret_name"),
    ],
    isNamedOnce: true,
    hasSecret: true,
  },
  {
    part: "connections",
    table: "connection",
    columns: [column("strategy", "strategy"), column("clientId", "client_id")],
    isNamedOnce: true,
    hasSecret: false,
  },
  {
    part: "apiKeys",
    table: "api_key",
    columns: [column("scopes", "scopes", "text[]"), column("secretName", "secret_name")],
    isNamedOnce: true,
    hasSecret: true,
  },
];

/** Rows that say which row belongs to which; `is_seeded` marks ours. */
export interface SeedPairs {
  readonly part: "roles" | "groups";
  readonly table: OwnTable;
  /** What a seed says of its other sides. */
  readonly othersOf: (seeds: IdentitySeeds, key: string) => readonly string[];
  /** Answers `key` and `other` of every seeded pair. */
  readonly select: string;
  /** Adds the pairs of `$1`, a list of `{key, other}`. */
  readonly insert: string;
  /** Removes seeded pairs that are not in `$1`. */
  readonly remove: string;
}

const WANTED = "pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) AS w(key text, other text)";

export const SEED_PAIRS: readonly SeedPairs[] = [
  {
    part: "roles",
    table: "role_permission",
    othersOf: ({ roles }, key) => roles[key]?.permissions ?? [],
    select: `SELECT r.seed_key AS key, p.permission AS other FROM tenantry.role_permission p
      JOIN tenantry.role r ON r.id = p.role_id WHERE p.is_seeded AND r.seed_key IS NOT NULL`,
    insert: `INSERT INTO tenantry.role_permission (role_id, permission, is_seeded)
      SELECT r.id, w.other, true FROM ${WANTED} JOIN tenantry.role r ON r.seed_key = w.key
      ON CONFLICT (role_id, permission) DO UPDATE SET is_seeded = true`,
    remove: `DELETE FROM tenantry.role_permission p USING tenantry.role r
      WHERE r.id = p.role_id AND p.is_seeded AND r.seed_key IS NOT NULL
        AND NOT EXISTS (SELECT FROM ${WANTED} WHERE w.key = r.seed_key AND w.other = p.permission)`,
  },
  {
    part: "groups",
    table: "group_role",
    othersOf: ({ groups }, key) => groups[key]?.roles ?? [],
    select: `SELECT g.seed_key AS key, r.seed_key AS other FROM tenantry.group_role m
      JOIN tenantry.user_group g ON g.id = m.group_id JOIN tenantry.role r ON r.id = m.role_id
      WHERE m.is_seeded AND g.seed_key IS NOT NULL AND r.seed_key IS NOT NULL`,
    insert: `INSERT INTO tenantry.group_role (group_id, role_id, is_seeded)
      SELECT g.id, r.id, true FROM ${WANTED}
      JOIN tenantry.user_group g ON g.seed_key = w.key JOIN tenantry.role r ON r.seed_key = w.other
      ON CONFLICT (group_id, role_id) DO UPDATE SET is_seeded = true`,
    remove: `DELETE FROM tenantry.group_role m USING tenantry.user_group g, tenantry.role r
      WHERE g.id = m.group_id AND r.id = m.role_id AND m.is_seeded AND g.seed_key IS NOT NULL
        AND NOT EXISTS (SELECT FROM ${WANTED} WHERE w.key = g.seed_key AND w.other = r.seed_key)`,
  },
];
