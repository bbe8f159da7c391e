import type { JsonValue, MigrationPlan } from "./desired.ts";

/** One row of `servers:` in an environment's config. */
export interface ServerConfig {
  /** Name of the row in `identity.db_server` and of the flexible server. */
  readonly name: string;
  readonly region: string;
  /** Most tenants placed on it. */
  readonly capacityHint: number;
  /** The server's `max_connections`. */
  readonly maxConnections: number;
  /** Connections one tenant counts for; placement stops when the budget is used up. */
  readonly tenantConnections: number;
  readonly status: "active" | "draining" | "inactive";
  /** Flexible server SKU; ignored by nothing: it is an input of the Azure resource. */
  readonly sku: { readonly name: string; readonly tier: string };
  readonly storageGb: number;
  /** A server that is there already: not created; its admin URL must be in the vault as `server-<name>-admin`. */
  readonly existing?: { readonly host: string; readonly port: number };
  /** Number of the admin's password: raised, the next run of the platform makes a new one (`tenantry rotate --server`). */
  readonly adminRotation: number;
}

/** How mails leave. */
export interface MailConfig {
  /** Sender, e.g. `Example <no-reply@example.com>`. */
  readonly from: string;
  /** The server that takes them; `local` keeps them as files without one. */
  readonly smtp?: {
    readonly host: string;
    readonly port: number;
    /** TLS from the first byte (port 465); otherwise STARTTLS, which a login insists on. */
    readonly secure: boolean;
    /** Secrets of the platform vault. */
    readonly userRef?: string;
    readonly passwordRef?: string;
  };
}

/** `stacks/Pulumi.<env>.yaml`, namespace `tenantry`, checked. Holds no secret. */
export interface EnvironmentConfig {
  /** Equals the stack's environment; its absence is `E_NO_CONFIG`. */
  readonly environment: string;
  /** What the tenants' application is called: `<product>_api` is its API's scope. Default: the Pulumi project's name. */
  readonly product: string;
  /** `<slug>.<zone>` is a tenant's host. */
  readonly zone: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly subscriptionId: string;
  /** Names of the two Key Vaults; tenants' secrets live apart from the platform's. */
  readonly vaults: { readonly platform: string; readonly tenants: string };
  readonly frontDoor: { readonly profile: string; readonly endpoint: string; readonly originHost: string };
  readonly edge: { readonly mode: "perTenant"; readonly profiles: 1; readonly waitMs: number };
  readonly servers: readonly ServerConfig[];
  /** Which server holds the master database. */
  readonly master: { readonly server: string; readonly database: string };
  readonly mainTenant: { readonly slug: string; readonly displayName: string };
  readonly migrations: MigrationPlan;
  readonly backups: { readonly url: string };
  /** Without it nothing is sent, but for `local`, which keeps mails as files. */
  readonly mail?: MailConfig;
  readonly retentionDays: number;
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** Set outside `local`: where the Azure tenant for new vaults is. */
  readonly azureTenantId: string;
}

/** Names in the platform vault (PRODUCT.md item 13). */
export const MASTER_SECRET = "master-admin";
export const MASTER_READ_SECRET = "master-read";

/** Name of the platform vault's secret with a server's admin URL. */
export function adminSecretName(server: string): string {
  return `server-${server}-admin`;
}
