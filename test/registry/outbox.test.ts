import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextDelivery } from "../../src/registry/index.ts";

const MINUTE_MS = 60_000;
const NOW = new Date("2026-11-22T00:00:00Z");
const waitMs = (attempts: number) => {
  const next = nextDelivery({ attempts, lastAttemptAt: NOW }, NOW);
  return next === undefined ? undefined : next.getTime() - NOW.getTime();
};

describe("the next try of a mail", () => {
  test("is at once, then after 1, 5 and 30 minutes, then daily, and after ten more never by itself", () => {
    const days = Array.from({ length: 7 }, () => 24 * 60 * MINUTE_MS);
    expect(Array.from({ length: 12 }, (_, attempts) => waitMs(attempts))).toEqual([
      0,
      MINUTE_MS,
      5 * MINUTE_MS,
      30 * MINUTE_MS,
      ...days,
      undefined,
    ]);
  });

  test("never comes before the last one", () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, max: new Date("3000-01-01") }),
        fc.nat(30),
        (at, attempts) => {
          const next = nextDelivery({ attempts, lastAttemptAt: at }, at);
          expect(next === undefined || next >= at).toBe(true);
        },
      ),
    );
  });
});
