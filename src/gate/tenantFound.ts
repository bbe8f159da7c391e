import type { RecordStatus } from "../tenant/resources.ts";

/** What the gate knows of a tenant: a row of master, at most `GateLimits.maxAgeMs` old. */
export interface GateTenant {
  /** UUID of this life. */
  readonly id: string;
  readonly slug: string;
  readonly status: RecordStatus;
  /** Grows with every change that a cache must see; the upstream can tell by it that its own is old. */
  readonly cacheEpoch: number;
}

/** Where a request wants to go, as `placeOf` reads it. */
export interface RequestPlace {
  /** Lower case, ASCII, without port and final dot. */
  readonly host: string;
  /** As it was sent, without the query. */
  readonly path: string;
}
