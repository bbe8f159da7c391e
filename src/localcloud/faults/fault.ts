/** Services that a fault can be set on, by the names that users say. */
export const FAULT_SERVICES = ["arm", "vault", "dns", "frontDoor", "identity", "postgres"] as const;
export type FaultService = (typeof FAULT_SERVICES)[number];

/** What becomes of a request that a fault strikes. */
export type FaultEffect =
  /** Refused with an HTTP status; `code` is the service's own word, e.g. `ObjectIsBeingRecovered`. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly code?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Carried out later. */
  | { readonly kind: "latency"; readonly latencyMs: number }
  /** The connection is cut: nothing was carried out, or all of it was and nobody hears so. */
  | { readonly kind: "cut"; readonly moment: "before" | "after" }
  /** Accepted and never answered. */
  | { readonly kind: "silence" }
  /** DNS: SERVFAIL. */
  | { readonly kind: "servfail" }
  /** Front Door: none of the origins can be connected. */
  | { readonly kind: "originDown" }
  /** PostgreSQL: the statement fails with this SQLSTATE, in its transaction. */
  | { readonly kind: "sqlState"; readonly sqlState: string }
  /** PostgreSQL: an immediate stop; back after that time, or when the fault is cleared. */
  | { readonly kind: "crash"; readonly restartAfterMs?: number };

/** A fault as its user orders it. */
export interface FaultOrder {
  readonly service: FaultService;
  readonly effect: FaultEffect;
  /** A vault's or a PostgreSQL server's name, compared without case; left out: every vault. */
  readonly name?: string;
  /** HTTP method; DNS: the record type that is asked. */
  readonly method?: string;
  /** Text within path and query; DNS: within the asked name; PostgreSQL: within the statement, or `CONNECT <database>`. */
  readonly path?: string;
  /** How many requests it strikes; default: every one until it is cleared, and one for a crash. */
  readonly times?: number;
  /** How many matching requests pass before it strikes; default 0. */
  readonly after?: number;
}

/** A fault that is set. */
export interface FaultReport extends FaultOrder {
  readonly id: string;
  /** Matching requests so far. */
  readonly seen: number;
  /** Requests that it struck. */
  readonly struck: number;
}

/** One request as faults see it. */
export interface FaultTarget {
  readonly service: FaultService;
  readonly name?: string;
  readonly method?: string;
  readonly path: string;
}

/** A crash that waits for no statement: it happens when it is ordered. */
export function isImmediate({ effect, path, after }: FaultOrder): boolean {
  return effect.kind === "crash" && path === undefined && after === undefined;
}
