import { describe, expect, test } from "vitest";
import { EdgeCache } from "../../../src/localcloud/frontDoor/edgeCache.ts";
import { freshnessOf } from "../../../src/localcloud/frontDoor/freshness.ts";

// https://learn.microsoft.com/azure/frontdoor/front-door-caching ("Cache expiration")
describe("freshness", () => {
  const NOW = Date.parse("2030-01-01T00:00:00Z");
  const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
  const ttlS = (headers: Record<string, string>, isAuthorized = false, status = 200) => {
    const found = freshnessOf({ status, headers, isAuthorized }, NOW, 0.5);
    return found.isKept ? found.ttlMs / 1000 : found.xCache;
  };

  test("s-maxage comes before max-age, and both before Expires", () => {
    expect([
      ttlS({ "cache-control": 'max-age=10, s-maxage="20"', expires: at(30) }),
      ttlS({ "cache-control": "public, Max-Age=10", expires: at(30) }),
      ttlS({ "cache-control": "public", expires: at(30), date: at(10) }),
      ttlS({ expires: "0" }),
      ttlS({ "cache-control": "max-age=soon" }),
    ]).toEqual([20, 10, 20, "TCP_MISS", "TCP_MISS"]);
  });

  test("without any it is one to three days, and never more than 366", () => {
    const days = [0, 0.5, 1].map((random) => {
      const found = freshnessOf({ status: 200, headers: {}, isAuthorized: false }, NOW, random);
      return found.isKept ? found.ttlMs / 86_400_000 : undefined;
    });
    expect(days).toEqual([1, 2, 3]);
    expect(ttlS({ "cache-control": "max-age=99999999" })).toBe(366 * 86_400);
  });

  test("another's credentials, variants, pieces and errors are not kept", () => {
    expect([
      ttlS({ "cache-control": "max-age=9" }, true),
      ttlS({ "cache-control": "max-age=9, public" }, true),
      ttlS({ "cache-control": "max-age=9", vary: "cookie" }),
      ttlS({ "cache-control": "max-age=9", "content-encoding": "gzip" }),
      ...[206, 302, 404, 503].map((status) => ttlS({ "cache-control": "max-age=9" }, false, status)),
      ...[203, 301, 410].map((status) => ttlS({ "cache-control": "max-age=9" }, false, status)),
    ]).toEqual(["TCP_MISS", 9, ...Array.from({ length: 6 }, () => "TCP_MISS"), 9, 9, 9]);
  });
});

test("the cache is bounded: the least recently used go first, and one too large isn't kept", () => {
  const cache = new EdgeCache({ maxBytes: 10_000, maxEntryBytes: 3_000 });
  const answer = (bytes: number) => ({
    endpointId: "e",
    host: "h",
    path: "/",
    status: 200,
    headers: {},
    body: Buffer.alloc(bytes),
    storedAt: 0,
    ageS: 0,
    expiresAt: 10,
  });
  for (const key of ["a", "b", "c"]) cache.set(key, answer(1_000));
  expect(cache.get("a", 0)).toBeDefined();
  cache.set("d", answer(1_000));
  expect(["a", "b", "c", "d"].filter((key) => cache.get(key, 0) !== undefined)).toEqual(["a", "c", "d"]);
  cache.set("large", answer(3_001));
  expect(cache.get("large", 0)).toBeUndefined();
  for (let number = 0; number < 1_000; number += 1) cache.set(`k${number}`, answer(0));
  expect(cache.bytes).toBeLessThanOrEqual(10_000);
  cache.set("late", answer(0));
  expect([cache.get("late", 9) === undefined, cache.get("late", 10)]).toEqual([false, undefined]);
  cache.purge({ endpointId: "E", paths: ["/*"] });
  expect(cache.bytes).toBe(0);
});
