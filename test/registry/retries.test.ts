import { expect, test } from "vitest";
import { MAX_RETRIES, nextRetryAt, nextRetryOf } from "../../src/registry/index.ts";

const AT = new Date("2026-01-01T00:00:00Z");

test("what failed is tried again after 1, 5 and 30 minutes, then daily, ten times in all", () => {
  const waits = Array.from({ length: MAX_RETRIES + 1 }, (_, retries) => nextRetryAt(AT, retries));
  const minutes = waits.map((at) => (at === undefined ? undefined : (at.getTime() - AT.getTime()) / 60_000));
  expect(minutes).toEqual([1, 5, 30, 1440, 1440, 1440, 1440, 1440, 1440, 1440, undefined]);
});

test("only a failed provisioning is due, or one that was cut off in a try of maintenance", () => {
  const record = { retries: 0, provisioningAt: AT, provisioningFailedAt: new Date(AT.getTime() + 60_000) };
  const due = (status: "provisioning" | "provisioning_failed" | "active", retries: number) =>
    nextRetryOf({ ...record, status, retries })?.toISOString();
  expect(due("provisioning_failed", 0)).toBe("2026-01-01T00:02:00.000Z");
  expect(due("provisioning_failed", 2)).toBe("2026-01-01T00:31:00.000Z");
  expect(due("provisioning_failed", MAX_RETRIES)).toBeUndefined();
  expect(due("provisioning", 0)).toBeUndefined();
  expect(due("provisioning", 1)).toBe("2026-01-01T00:05:00.000Z");
  expect(due("active", 1)).toBeUndefined();
});
