import fc from "fast-check";
import { expect, test } from "vitest";
import { type Clock, isTransient, RECOVERY_BUDGET_MS, withRetry } from "../../src/postgres/index.ts";
import { pauseMs } from "../../src/postgres/retry.ts";
import { thrownBy } from "./support.ts";

/** Time that passes only when somebody sleeps. */
function fakeClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => {
      slept.push(ms);
    },
  };
}

const coded = (code: string, message = "x") => Object.assign(new Error(message), { code });

test.each(["53300", "57P03", "57P01", "08006", "40P01", "55P03", "55006", "ECONNREFUSED", "ECONNRESET"])(
  "%s is tried again",
  (code) => {
    expect(isTransient(coded(code))).toBe(true);
  },
);

test.each(["42501", "42939", "42601", "28P01", "55000", "23505", "XX000"])("%s is not", (code) => {
  expect(isTransient(coded(code))).toBe(false);
});

test("XX000 is tried again only for a concurrent update of a catalog row (F20)", () => {
  expect(isTransient(coded("XX000", "tuple concurrently updated"))).toBe(true);
});

test("Node's AggregateError of refused addresses is tried again", () => {
  expect(isTransient(new AggregateError([coded("ECONNREFUSED")], ""))).toBe(true);
});

test("goes on for longer than a crash recovery of 21 s, then throws the last error (F23)", async () => {
  const clock = fakeClock();
  let tries = 0;
  const failing = withRetry(
    () => {
      tries += 1;
      throw coded("57P03", `try ${tries}`);
    },
    { clock },
  );
  expect((await thrownBy(failing)).message).toBe(`try ${tries}`);
  expect(clock.now()).toBeGreaterThan(55_000);
  expect(clock.now()).toBeLessThanOrEqual(RECOVERY_BUDGET_MS);
});

test("succeeds as soon as the server is back", async () => {
  const clock = fakeClock();
  let tries = 0;
  const result = await withRetry(
    async () => {
      tries += 1;
      if (tries < 4) throw coded("ECONNREFUSED");
      return tries;
    },
    { clock },
  );
  expect([result, clock.slept.length]).toEqual([4, 3]);
});

test("a final error is thrown at once", async () => {
  const clock = fakeClock();
  await thrownBy(withRetry(() => Promise.reject(coded("42501")), { clock }));
  expect(clock.slept).toEqual([]);
});

test("pauses grow, stay under 2 s and are never zero", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, chance) => {
        const pause = pauseMs(attempt, () => chance);
        expect(pause).toBeGreaterThanOrEqual(25);
        expect(pause).toBeLessThanOrEqual(2_000);
      },
    ),
  );
});

test("processes that a full server refused together don't knock again together (F24)", async () => {
  const pausesOf = async (random: () => number) => {
    const clock = fakeClock();
    await thrownBy(withRetry(() => Promise.reject(coded("53300")), { clock, random, budgetMs: 1_000 }));
    return clock.slept;
  };
  const [early, late] = await Promise.all([pausesOf(() => 0), pausesOf(() => 0.99)]);
  expect(late?.[0]).toBeGreaterThan((early?.[0] ?? 0) * 1.5);
  expect(early?.length).toBeGreaterThan(late?.length ?? 0);
});
