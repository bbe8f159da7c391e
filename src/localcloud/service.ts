import type { Faults } from "./faults/index.ts";
import type { EdgeCache } from "./frontDoor/edgeCache.ts";
import type { Home } from "./home.ts";
import type { IdentityName, Principal } from "./roles/identities.ts";
import type { Store } from "./store.ts";

/** One server of the local cloud. `daemon.ts` starts them in a fixed order and stops them backwards. */
export interface LocalService {
  readonly name: string;
  /** Listens on loopback and answers its ports by name (`arm`, `frontDoor`, `origin`, `azure-native`, …). */
  start(context: ServiceContext): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** What every service is given. */
export interface ServiceContext {
  readonly home: Home;
  readonly store: Store;
  readonly ports: Ports;
  readonly names: EnvironmentNames;
  readonly tokens: Tokens;
  /** What requests are to fail now. */
  readonly faults: Faults;
  readonly vaults: VaultServers;
  readonly postgres: PostgresServers;
  /** Front Door's kept answers; Resource Manager purges them. */
  readonly edgeCache: EdgeCache;
  /** Certificate for `127.0.0.1` and `localhost`, by our own authority. PEM. */
  readonly certificate: { readonly cert: string; readonly key: string; readonly ca: string };
  /** A port that an earlier service answered at its start. Throws when there is none of that name. */
  portOf(name: string): number;
  /** Current value of a secret, read without HTTP: for the local cloud's own parts. Undefined when there is none. */
  platformSecret(vault: string, secret: string): Promise<string | undefined>;
  /** The local cloud's own settings: environment variables `TENANTRY_LOCAL_<NAME>` of whoever started it. */
  setting(name: string): string | undefined;
}

/** Loopback ports, found once, kept on disk and the same after a restart. */
export interface Ports {
  /** The port of that name. A new one is free now; a kept one may have been taken by another program since. */
  reserve(name: string): Promise<number>;
  /** Forgets a name's port. */
  release(name: string): Promise<void>;
}

/** Names from `stacks/Pulumi.local.yaml` that the local cloud itself must know. */
export interface EnvironmentNames {
  readonly platformVault: string;
  readonly tenantsVault: string;
  readonly zone: string;
  /** Host name of Front Door's origin; answered by the local cloud's own small application. */
  readonly originHost: string;
}

/** Access tokens of the managed identity endpoint. */
export interface Tokens {
  /** A token for a resource, e.g. `https://management.azure.com/`, and an identity (default `owner`). */
  issue(resource: string, identity?: IdentityName): string;
  /** Whose `Bearer <token>` it is: one issued here, not yet expired, for one of these resources (by origin). */
  principalOf(header: string | undefined, resources: readonly string[]): Principal | undefined;
}

/** Resource Manager's token audiences. */
export const ARM_RESOURCES = ["https://management.azure.com", "https://management.core.windows.net"] as const;
/** Key Vault's token audience. */
export const VAULT_RESOURCES = ["https://vault.azure.net"] as const;

/** Data planes of Key Vaults. What is in a vault outlives its server until `purge`. */
export interface VaultServers {
  /** Starts the vault's server, or changes its properties; idempotent. */
  ensure(name: string, properties: VaultProperties): Promise<{ readonly url: string }>;
  /** Stops answering, as after a soft delete of the vault; secrets stay on disk. */
  stop(name: string): Promise<void>;
  /** Stops answering and forgets every secret. */
  purge(name: string): Promise<void>;
  /** Data-plane URL that the vault of this name has or will have. */
  urlOf(name: string): Promise<string>;
}

export interface VaultProperties {
  /** Days a deleted secret stays recoverable, 7 to 90; default 90, as on Azure. */
  readonly softDeleteRetentionDays?: number;
  /** With it nobody purges a deleted secret before its time. */
  readonly isPurgeProtected?: boolean;
}

/** PostgreSQL servers (flexible servers' data planes). */
export interface PostgresServers {
  /** Makes the cluster, starts it, and makes its admin (LOGIN, CREATEDB, CREATEROLE) with this verifier; idempotent. */
  ensure(name: string, order: PostgresOrder): Promise<PostgresAddress>;
  /** Stops the server and deletes its data; a missing one is done. */
  remove(name: string): Promise<void>;
  running(): Promise<readonly PostgresAddress[]>;
}

export interface PostgresOrder {
  readonly adminLogin: string;
  /** `SCRAM-SHA-256$…`: the clear password never gets here. */
  readonly adminVerifier: string;
  /** Default 100. */
  readonly maxConnections?: number;
}

export interface PostgresAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Full version, e.g. `18.4`. */
  readonly version: string;
}
