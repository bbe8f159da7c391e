import type { EdgeTarget, Probe } from "../edge/index.ts";
import type { TenantRow } from "../registry/index.ts";
import type { JsonValue } from "../tenant/desired.ts";

/** Where an environment's master and secrets are. Names and addresses, no credential. */
export interface TenantSources {
  readonly platformVaultUrl: string;
  readonly tenantVaultUrl: string;
  /** Secret in the platform's vault with the master URL to read with. */
  readonly masterRef: string;
  /** Where customers' own domains are looked up; left out, nothing is known of their validation. */
  readonly edge?: EdgeTarget;
  /** Front Door's own host, which a customer's CNAME must name. */
  readonly endpointHost?: string;
}

/** What to look for. */
export interface TenantNames {
  readonly slug: string;
  readonly databaseName: string;
  readonly secretName: string;
  /** The tenant's own host. */
  readonly host: string;
  /** The customer's own hosts and the names of their domains in Front Door. */
  readonly domains: readonly { readonly host: string; readonly name: string }[];
  /** Keys and values that environment and plan give the tenant. */
  readonly inheritedSettings: Readonly<Record<string, JsonValue>>;
}

/** What was found, before anybody judged it. */
export interface TenantObservation {
  readonly names: TenantNames;
  /** Undefined when master has no life of this slug that isn't purged. */
  readonly record: TenantRow | undefined;
  readonly organizationId: string | undefined;
  readonly database: {
    /** Exists and bears the record's marker. */
    readonly isProvisioned: boolean;
    readonly isHealthy: boolean;
    readonly lastMigration?: string;
    readonly hasAdmin: boolean;
    readonly adminEmail?: string;
    readonly settings: Readonly<Record<string, JsonValue>>;
  };
  readonly hasSecret: boolean;
  /** What the resolver answers for the host. */
  readonly cname: string | undefined;
  readonly probe: Probe;
  readonly domains: readonly DomainObservation[];
  /** Front Door's own host, where known. */
  readonly endpointHost?: string;
  /** Parts that could not be asked, and why; no credential in it. */
  readonly problems: readonly string[];
}

/** A customer's own host as it was found. */
export interface DomainObservation {
  readonly host: string;
  /** Undefined when Front Door has no such domain, or wasn't asked. */
  readonly validationState: string | undefined;
  readonly validationToken: string;
  readonly probe: Probe;
}
