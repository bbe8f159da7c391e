import { expect, test } from "vitest";
import { TenantCache } from "../../src/gate/tenantCache.ts";

const LIMITS = { maxAgeMs: 1_000, maxKnown: 2, maxUnknown: 2 };
const tenant = (slug: string) => ({ id: `id-${slug}`, slug, status: "active" as const, cacheEpoch: 1 });
const keep = (cache: TenantCache, key: string, slug?: string) =>
  cache.set(key, slug === undefined ? undefined : tenant(slug), cache.generation);

function makeCache() {
  const clock = { nowMs: 0 };
  return { clock, cache: new TenantCache(LIMITS, () => clock.nowMs) };
}

test("a fact is kept until it is as old as it may be", () => {
  const { cache, clock } = makeCache();
  keep(cache, "a", "acme");
  keep(cache, "nobody");
  clock.nowMs = 999;
  expect([cache.get("a"), cache.get("nobody")].map((kept) => kept?.tenant?.slug ?? kept)).toEqual([
    "acme",
    { tenant: undefined, untilMs: 1_000 },
  ]);
  clock.nowMs = 1_000;
  expect([cache.get("a"), cache.get("nobody"), cache.size]).toEqual([undefined, undefined, 0]);
});

test("the least recently used goes first, and unknown hosts drive no tenant out", () => {
  const { cache } = makeCache();
  keep(cache, "a", "acme");
  keep(cache, "b", "globex");
  cache.get("a");
  keep(cache, "c", "initech");
  for (const key of ["x", "y", "z"]) keep(cache, key);
  expect(["a", "b", "c", "x", "y", "z"].filter((key) => cache.get(key) !== undefined)).toEqual([
    "a",
    "c",
    "y",
    "z",
  ]);
});

test("a tenant that changed goes with everything unknown, and no other tenant", () => {
  const { cache } = makeCache();
  keep(cache, "a", "acme");
  keep(cache, "b", "globex");
  keep(cache, "x");
  cache.drop("id-acme");
  expect(["a", "b", "x"].map((key) => cache.get(key)?.tenant?.slug)).toEqual([
    undefined,
    "globex",
    undefined,
  ]);
});

test("what was asked for before a drop isn't kept after it", () => {
  const { cache } = makeCache();
  const { generation } = cache;
  cache.drop("id-acme");
  cache.set("a", tenant("acme"), generation);
  expect(cache.get("a")).toBeUndefined();
});
