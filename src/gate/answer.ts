import type { RecordStatus } from "../tenant/resources.ts";
import type { GateTenant } from "./tenantFound.ts";

/** How long a client waits before it asks for a tenant again that is being made (PRODUCT.md item 12). */
const RETRY_AFTER_SECONDS = 30;

/** Why a request goes no further. */
export interface Refusal {
  readonly kind: "refused";
  readonly statusCode: 400 | 403 | 404 | 502 | 503 | 504;
  readonly code: RefusalCode;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** `error.code` of a refusal's body. */
export type RefusalCode =
  | "BadRequest"
  | "TenantNotFound"
  | "TenantSuspended"
  | "TenantProvisioning"
  | "TenantUnavailable"
  | "MasterUnavailable"
  | "UpstreamUnavailable"
  | "UpstreamTimeout";

/** What becomes of a request: on to the tenants' application, as this tenant, or refused. */
export type GateAnswer =
  /** The gate is off: nobody was looked up. */
  | { readonly kind: "passThrough" }
  /** `prefix`: the path prefix that named the tenant; undefined when its host did. */
  | { readonly kind: "tenant"; readonly tenant: GateTenant; readonly prefix?: string }
  | Refusal;

/**
 * The answer by what master says of the tenant. Pure. No tenant, one whose provisioning failed and one that is purged
 * answer alike, so that nobody learns which it is.
 */
export function answerOf(tenant: GateTenant | undefined, host: string, prefix?: string): GateAnswer {
  const unknown: Refusal = {
    kind: "refused",
    statusCode: 404,
    code: "TenantNotFound",
    message: `No tenant answers on '${host}'.`,
  };
  if (tenant === undefined) return unknown;
  const refusal = REFUSALS[tenant.status];
  if (refusal === "unknown") return unknown;
  if (refusal !== undefined) return { kind: "refused", ...refusal, message: refusal.message(host) };
  return { kind: "tenant", tenant, ...(prefix === undefined ? {} : { prefix }) };
}

type Worded = Omit<Refusal, "kind" | "message"> & { readonly message: (host: string) => string };

const UNAVAILABLE: Worded = {
  statusCode: 503,
  code: "TenantUnavailable",
  message: (host) => `The tenant of '${host}' is not available.`,
};

/** Undefined lets through. */
const REFUSALS: Readonly<Record<RecordStatus, Worded | "unknown" | undefined>> = {
  active: undefined,
  suspended: {
    statusCode: 403,
    code: "TenantSuspended",
    message: (host) => `The tenant of '${host}' is suspended.`,
  },
  provisioning: {
    statusCode: 503,
    code: "TenantProvisioning",
    message: (host) => `The tenant of '${host}' is being made.`,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  deleting: UNAVAILABLE,
  deleted: UNAVAILABLE,
  purging: UNAVAILABLE,
  provisioning_failed: "unknown",
  purged: "unknown",
};

/** Master can't be asked and what is kept is too old: nobody is let in on a guess. */
export function masterUnavailable(): Refusal {
  return {
    kind: "refused",
    statusCode: 503,
    code: "MasterUnavailable",
    message: "The tenants' directory can't be asked at the moment.",
  };
}

/** A request that could mean two places. `why`: what was expected and got, without the request's own text. */
export function badRequest(why: string): Refusal {
  return { kind: "refused", statusCode: 400, code: "BadRequest", message: why };
}
