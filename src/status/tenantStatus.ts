import type { RecordStatus } from "../tenant/resources.ts";

/**
 * How one tenant is, every value observed when asked: `tenantry status <slug> --json`.
 * A part that could not be asked says so in `lastError`, never with a remembered value.
 */
export interface TenantStatus {
  /** UUID of the record; `null` when master has none for this slug. */
  readonly id: string | null;
  readonly slug: string;
  /** State of the record; `none` without one. */
  readonly status: RecordStatus | "none";
  readonly database: {
    /** The database exists on its server and bears this tenant's marker. */
    readonly provisioned: boolean;
    /** A session in it answers. */
    readonly healthy: boolean;
    readonly name: string;
    /** Name of the server as in `identity.db_server`; `null` before placement. */
    readonly server: string | null;
    /** Version of the last migration in its ledger; `null` when there is none. */
    readonly lastMigration: string | null;
  };
  /** The Key Vault secret with the tenant's `postgres://` URL: only whether it is there. */
  readonly secret: { readonly name: string; readonly exists: boolean };
  /** Whether the resolver answers the host with the CDN's name. */
  readonly dns: { readonly host: string; readonly resolves: boolean };
  /** Whether a request through the CDN reaches this tenant. */
  readonly cdn: { readonly host: string; readonly serving: boolean };
  /** The customer's own hosts: Azure's word for how far the validation is, and whether a request reaches this tenant. */
  readonly domains: readonly {
    readonly host: string;
    readonly validation: string;
    readonly serving: boolean;
  }[];
  /** What the customer's name servers must answer so that hosts are validated and lead here; only for those that aren't yet. */
  readonly domainRecords?: readonly {
    readonly type: "TXT" | "CNAME";
    readonly name: string;
    readonly value: string;
  }[];
  readonly admin: { readonly email: string | null; readonly seeded: boolean };
  readonly organization: { readonly created: boolean; readonly id: string | null };
  /** Whether the settings of environment and plan stand in the tenant's database. */
  readonly settings: { readonly inherited: boolean };
  /** Why it failed, or what could not be asked; `null` when nothing is wrong. */
  readonly lastError: { readonly code: string; readonly message: string } | null;
}
