/**
 * Inputs and outputs of every resource of our own provider, as plain data: the one contract between
 * `program/` (which sends them) and `provider/` (which answers them). Tokens are `tenantry:index:<Name>`.
 */
import type { DesiredStatus, MigrationPlan, Setting } from "./desired.ts";
import type { IdentitySeeds } from "./identitySeeds.ts";

/** Configuration of `tenantry:Provider`. Names and addresses only, never a credential. */
export interface ProviderConfig {
  readonly environment: string;
  /** Data-plane URL of the platform vault: server admins and master. */
  readonly platformVaultUrl: string;
  /** Data-plane URL of the tenants' vault. */
  readonly tenantVaultUrl: string;
  /** Secret in the platform vault with master's read-write URL. */
  readonly masterRef: string;
  /** Secret in the platform vault with master's read-only URL. */
  readonly masterReadRef: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly zone: string;
  /** Front Door profile and endpoint resource names. */
  readonly profile: string;
  readonly endpoint: string;
}

/** What names one tenant's life in every resource. */
export interface TenantKey {
  readonly slug: string;
  /** `<env>.<slug>`. */
  readonly stack: string;
  /** UUID from TenantRecord; a new life has a new one. */
  readonly tenantId: string;
}

/** Where one tenant's database is. */
export interface DatabaseAddress {
  /** Server name as in `identity.db_server`; host, port and admin come from its row. */
  readonly server: string;
  readonly database: string;
  readonly role: string;
}

export interface TenantRecordInputs {
  readonly slug: string;
  readonly stack: string;
  readonly hosts: readonly string[];
  readonly databaseName: string;
  readonly roleName: string;
  readonly secretName: string;
  readonly isolation: "database";
  readonly status: DesiredStatus;
  readonly suspendReason?: string;
  readonly isPurgeConfirmed: boolean;
  readonly retentionDays: number;
  /** Legal hold; left out for none. */
  readonly hold?: true;
  /** What listeners are told before anything is made. Not compared by diff; absent in states of an earlier release. */
  readonly facts?: TenantRecordFacts;
  /** Left out where the tenant has none. */
  readonly pathPrefix?: string;
}
export interface TenantRecordFacts {
  readonly displayName: string;
  readonly legalName?: string;
  readonly plan: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, Setting>>;
}
export interface TenantRecordOutputs extends TenantRecordInputs {
  readonly tenantId: string;
}

/** Plain inputs only: one unknown input would leave later providers unconfigured. */
export interface PlacementInputs {
  readonly slug: string;
  readonly stack: string;
  /** A server's name, or `auto`. */
  readonly server: string;
  /** A region's name, or `any`. */
  readonly region: string;
  /** What a move builds the copy's schema by; not compared by diff. */
  readonly migrations: MigrationPlan;
}
export interface PlacementOutputs extends PlacementInputs {
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
}

export interface StateCheckInputs extends TenantKey, DatabaseAddress {
  readonly secretName: string;
  /** Further secrets, of application and API keys; a release before them sent none. */
  readonly seededSecrets: readonly string[];
  readonly hosts: readonly string[];
}
export type StateCheckOutputs = StateCheckInputs;

export interface VaultSecretInputs {
  readonly vaultUrl: string;
  readonly name: string;
  /** Secret. Never an output. */
  readonly value: string;
  /** Marker: tags `tenantry-stack`, `tenantry-slug`, `tenantry-id`. For platform secrets slug is `platform` and id is the stack. */
  readonly stack: string;
  readonly slug: string;
  readonly tenantId: string;
}
export type VaultSecretOutputs = Omit<VaultSecretInputs, "value">;

export interface DatabaseInputs extends TenantKey, DatabaseAddress {
  /** Secret; only its SCRAM verifier reaches the server. */
  readonly password: string;
  readonly status: DesiredStatus;
  /** Builds or picks the server's template; not compared by diff. */
  readonly migrations: MigrationPlan;
}
export type DatabaseOutputs = Omit<DatabaseInputs, "password">;

export interface MigrationsInputs extends TenantKey, DatabaseAddress {
  readonly secretName: string;
  readonly status: DesiredStatus;
  readonly migrations: MigrationPlan;
  /** File name → sha256 (LF-normalised) of every migration up to `target`; for `command` of every file below its folder. */
  readonly files: Readonly<Record<string, string>>;
}
export interface MigrationsOutputs extends MigrationsInputs {
  /** Version of the last applied migration, e.g. `0002`; empty for none. */
  readonly lastMigration: string;
}

export interface SettingsInputs extends TenantKey, DatabaseAddress {
  readonly settings: Readonly<Record<string, Setting>>;
}
export type SettingsOutputs = SettingsInputs;

export interface AdminInputs extends TenantKey, DatabaseAddress {
  readonly email: string;
  /** Where the one-time link points: `https://<host>/invitation/…`. */
  readonly host: string;
}
export interface AdminOutputs extends AdminInputs {
  readonly adminId: string;
  /** Row of `identity.outbox` that Registration releases. */
  readonly invitationId: string;
}

export interface IdentityInputs extends TenantKey, DatabaseAddress {
  /** Of schema `tenantry`; a higher one brings the tables that a newer release has. */
  readonly schemaVersion: number;
  /** API keys work only while it is `active`. */
  readonly status: DesiredStatus;
  readonly seeds: IdentitySeeds;
}
export type IdentityOutputs = IdentityInputs;

export interface FinalBackupInputs extends TenantKey, DatabaseAddress {
  readonly status: DesiredStatus;
  /** `file:` URL (or relative path) under which backups lie. */
  readonly backupsUrl: string;
  readonly migrations: MigrationPlan;
}
export interface FinalBackupOutputs extends FinalBackupInputs {
  /** Row of `identity.backup`, empty until one is taken. */
  readonly backupId: string;
}

export interface RegistrationInputs extends TenantKey, DatabaseAddress {
  readonly displayName: string;
  readonly legalName?: string;
  readonly adminEmail: string;
  readonly plan: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly status: DesiredStatus;
  readonly suspendReason?: string;
  readonly secretName: string;
  readonly hosts: readonly string[];
  readonly invitationId: string;
  /** Slug of the tenant above; without it the main tenant. */
  readonly parent?: string;
  /** How long the tenant's own host is waited for, in ms; then `E_EDGE_PENDING`. Not compared by diff. */
  readonly edgeWaitMs: number;
}
export type RegistrationOutputs = RegistrationInputs;

export interface MasterInputs {
  /** File name → sha256 of `migrations/master/*.sql`. */
  readonly files: Readonly<Record<string, string>>;
  readonly mainTenant: { readonly slug: string; readonly displayName: string };
  /** Roles made by the platform's postgresql provider. */
  readonly ownerRole: string;
  readonly readRole: string;
}
export type MasterOutputs = MasterInputs & { readonly mainTenantId: string };

export interface ServerInputs {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly region: string;
  readonly adminSecretRef: string;
  readonly capacityHint: number;
  readonly maxConnections: number;
  readonly tenantConnections: number;
  readonly status: "active" | "draining" | "inactive";
  /** Number of the admin's password whose secret is written; left out for the first one, 0. */
  readonly adminRotation?: number;
}
export type ServerOutputs = ServerInputs;

export interface PlatformGuardInputs {
  readonly environment: string;
}
export type PlatformGuardOutputs = PlatformGuardInputs;

/** `tenantry:index:getRecord`, the invoke the program reads before any resource. */
export interface GetRecordArgs {
  readonly slug: string;
  /** Of the entry, for `namesakes`; left out where there is none. */
  readonly displayName?: string;
  readonly adminEmail?: string;
}
export interface GetRecordResult {
  /** Empty when there is no record that isn't `purged`. */
  readonly tenantId: string;
  readonly status: RecordStatus | "none";
  readonly stack: string;
  /** Name and region of the server that holds the database; empty until placed. */
  readonly server: string;
  readonly region: string;
  readonly wasEverActive: boolean;
  /** Number of the tenant's password: one that grew makes the stack's password anew. */
  readonly rotation: number;
  /** Deleted, and retention is over or the purge confirmed, and no hold: decided from master alone. */
  readonly isPurgeable: boolean;
  /** Master knows of a legal hold. */
  readonly isHeld: boolean;
  /** Living tenants with the entry's display name and admin, asked where `slug` itself has no record. */
  readonly namesakes: readonly string[];
  /** False when master could not be asked (preview only); then nothing is purgeable. */
  readonly isReachable: boolean;
}

/** States of a row of `identity.tenant`. */
export type RecordStatus =
  | "provisioning"
  | "provisioning_failed"
  | "active"
  | "suspended"
  | "deleting"
  | "deleted"
  | "purging"
  | "purged";
