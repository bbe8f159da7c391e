import type { IncomingHttpHeaders } from "node:http";

/** Without a word from the origin Front Door keeps an answer for one to three days, picked at random. */
const DEFAULT_TTL_MIN_S = 86_400;
const DEFAULT_TTL_MAX_S = 3 * 86_400;
/** Never longer (Microsoft's caching page). */
const MAX_TTL_S = 366 * 86_400;
/** Azure CDN from Microsoft's (page "How caching works"; none lists Front Door's), without the pieces 206 and 416. */
const CACHEABLE_STATUSES = [200, 203, 300, 301, 410];
/** A shared cache keeps the answer to a request with credentials only if one of these says so (RFC 7234, 3.2). */
const SHARED = ["public", "s-maxage", "must-revalidate"];

/** Whether an origin's answer is kept, and what Front Door then says of it in `X-Cache`. */
export type Freshness =
  /** Fresh for so long; `ageS` is how old the origin says it is already. */
  | { readonly isKept: true; readonly ttlMs: number; readonly ageS: number }
  | { readonly isKept: false; readonly xCache: "PRIVATE_NOSTORE" | "TCP_MISS" };

export interface OriginAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The request bore an `Authorization`. */
  readonly isAuthorized: boolean;
}

/**
 * Decides by status, `Cache-Control` and `Expires`. What differs from one client to the next (`Vary`, an encoding) isn't
 * kept, as there is one answer a key. `random` is from 0 to 1; `nowMs` is used where `Date` is missing.
 */
export function freshnessOf(answer: OriginAnswer, nowMs: number, random: number): Freshness {
  const directives = directivesOf(answer.headers["cache-control"]);
  if (directives.has("private") || directives.has("no-store")) return refused("PRIVATE_NOSTORE");
  const isRefused =
    directives.has("no-cache") ||
    !CACHEABLE_STATUSES.includes(answer.status) ||
    answer.headers.vary !== undefined ||
    answer.headers["content-encoding"] !== undefined ||
    (answer.isAuthorized && !SHARED.some((name) => directives.has(name)));
  if (isRefused) return refused("TCP_MISS");
  const ageS = Math.max(0, Number(answer.headers.age ?? 0) || 0);
  const lifetimeS = lifetimeOf(directives, answer.headers, nowMs, random);
  const ttlMs = (Math.min(lifetimeS, MAX_TTL_S) - ageS) * 1000;
  return ttlMs > 0 ? { isKept: true, ttlMs, ageS } : refused("TCP_MISS");
}

function refused(xCache: "PRIVATE_NOSTORE" | "TCP_MISS"): Freshness {
  return { isKept: false, xCache };
}

/** In seconds: `s-maxage` before `max-age` before `Expires`. What can't be read counts as expired (RFC 7234, 5.3). */
function lifetimeOf(
  directives: ReadonlyMap<string, string>,
  headers: IncomingHttpHeaders,
  nowMs: number,
  random: number,
): number {
  const given = directives.get("s-maxage") ?? directives.get("max-age");
  if (given !== undefined) return /^\d+$/.test(given) ? Number(given) : 0;
  if (headers.expires !== undefined) {
    const from = headers.date === undefined ? nowMs : Date.parse(headers.date);
    return (Date.parse(headers.expires) - from) / 1000 || 0;
  }
  return DEFAULT_TTL_MIN_S + Math.floor(random * (DEFAULT_TTL_MAX_S - DEFAULT_TTL_MIN_S));
}

/** `a, b="c"` as names in lower case with their values. */
function directivesOf(header: string | undefined): ReadonlyMap<string, string> {
  const parts = (header ?? "").split(",").map((part) => part.trim().split("="));
  return new Map(parts.map(([name = "", value = ""]) => [name.toLowerCase(), value.replaceAll('"', "")]));
}
