import type { IncomingMessage, ServerResponse } from "node:http";
import type { CacheRequest } from "./cacheKey.ts";
import type { CachedAnswer, EdgeCache } from "./edgeCache.ts";
import { reference } from "./edgeHeaders.ts";
import { freshnessOf } from "./freshness.ts";

/** Belong to one connection, not to the answer (RFC 7230, 6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** A request whose answer may be kept. */
export interface Keeping {
  readonly cache: EdgeCache;
  readonly key: string;
  readonly asked: CacheRequest & { readonly endpointId: string };
  readonly isAuthorized: boolean;
  /** The cache's count of purges when the origin was asked. */
  readonly purges: number;
}

/** Answers from the cache, with `Age` and `X-Cache: TCP_HIT`. */
export function replay(response: ServerResponse, answer: CachedAnswer, nowMs: number): void {
  const age = answer.ageS + Math.floor((nowMs - answer.storedAt) / 1000);
  response.writeHead(answer.status, {
    ...(answer.headers as Record<string, string | string[]>),
    "content-length": answer.body.length,
    age: String(age),
    "x-cache": "TCP_HIT",
    "x-azure-ref": reference(),
  });
  response.end(answer.body);
}

/**
 * Looks at an origin's answer on its way to the client: says in `X-Cache` what becomes of it, takes `Set-Cookie` off one
 * that is kept, and keeps it once it is there whole, unless it is too large or something was purged meanwhile.
 */
export function keepAnswer(keeping: Keeping, answer: IncomingMessage): void {
  const { cache, key, asked, isAuthorized, purges } = keeping;
  const now = Date.now();
  const { headers, statusCode: status = 0 } = answer;
  const freshness = freshnessOf({ status, headers, isAuthorized }, now, Math.random());
  headers["x-cache"] = freshness.isKept ? "TCP_MISS" : freshness.xCache;
  if (!freshness.isKept) return;
  delete headers["set-cookie"];
  const kept = keptHeaders(headers);
  collect(answer, cache.maxEntryBytes, (body) => {
    if (cache.purges !== purges) return;
    const { endpointId, host, path } = asked;
    const { ageS, ttlMs } = freshness;
    const times = { storedAt: now, ageS, expiresAt: now + ttlMs };
    cache.set(key, { endpointId, host, path, status, headers: kept, body, ...times });
  });
}

function keptHeaders(headers: IncomingMessage["headers"]): CachedAnswer["headers"] {
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !HOP_BY_HOP.includes(name),
  );
  return Object.fromEntries(kept) as CachedAnswer["headers"];
}

/** Gathers a body that somebody else reads too; lets go of it as soon as it is too long, and of one that was cut off. */
function collect(answer: IncomingMessage, maxBytes: number, done: (body: Buffer) => void): void {
  let chunks: Buffer[] | undefined = [];
  let bytes = 0;
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) chunks = undefined;
    chunks?.push(chunk);
  });
  answer.on("end", () => {
    if (chunks !== undefined && answer.complete) done(Buffer.concat(chunks));
  });
}
