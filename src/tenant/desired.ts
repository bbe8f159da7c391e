import type { IdentitySeeds } from "./identitySeeds.ts";

/** What an entry wants the tenant to be. `provisioning` and the like are states of the record, never of an entry. */
export type DesiredStatus = "active" | "suspended" | "deleted";

/** Where a setting's value comes from; the right-most of `environment < plan < tenant` wins. */
export type SettingSource = "environment" | "plan" | "tenant";

/** One effective setting: its JSON value and the layer that decided it. */
export interface Setting {
  readonly value: JsonValue;
  readonly source: SettingSource;
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** How a tenant's database gets its schema. `dir` is relative to the project's root. */
export type MigrationPlan =
  | { readonly kind: "sql"; readonly dir: string; readonly target?: string }
  | {
      readonly kind: "command";
      readonly run: string;
      /** Folder whose files decide when the command runs again: a changed, new or removed one is a difference. */
      readonly dir: string;
      readonly target?: string;
    };

/** Every name, size and setting of one tenant in one environment, decided. Plain data: no I/O behind it. */
export interface DesiredTenant {
  /** The entry's file name; DNS label, never changes. */
  readonly slug: string;
  readonly environment: string;
  /** Pulumi stack `<env>.<slug>`. */
  readonly stack: string;
  readonly displayName: string;
  readonly legalName?: string;
  /** Receives the invitation once the tenant is complete. */
  readonly adminEmail: string;
  readonly status: DesiredStatus;
  /** Only with `suspended`. */
  readonly suspendReason?: string;
  /** True when the entry says `status: deleted` and `purge: <slug>`: retention needn't be waited for. */
  readonly isPurgeConfirmed: boolean;
  /** Legal hold: neither delete nor purge. */
  readonly hold: boolean;
  readonly plan: string;
  /** A server's name, or `auto`. Changing it on a live tenant is a move. */
  readonly server: string;
  /** A region's name, or `any`. */
  readonly region: string;
  readonly isolation: "database";
  /** At most 63 bytes. Never changes. */
  readonly databaseName: string;
  /** `<databaseName>_owner`, at most 63 bytes. */
  readonly roleName: string;
  /** `tenant-db-<slug>`: the Key Vault secret with the tenant's `postgres://` URL. */
  readonly secretName: string;
  /** Every host the tenant answers on; the first is `<slug>.<zone>`. */
  readonly hosts: readonly string[];
  /** A second way in: `/t/acme` on hosts that are no tenant's own. */
  readonly pathPrefix?: string;
  /** Effective settings by key, inherited ones included. */
  readonly settings: Readonly<Record<string, Setting>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Days between `deleted` and the purge. */
  readonly retentionDays: number;
  readonly migrations: MigrationPlan;
  /** Slug of the tenant above; undefined for the main tenant. */
  readonly parent?: string;
  /** Roles, groups, scopes, providers, applications and keys that its database begins with. */
  readonly identity: IdentitySeeds;
}
