import { describe, expect, test } from "vitest";
import { isNothingWanted, isRegistrationProtected, targetOfStack } from "../../src/program/index.ts";
import type { GetRecordResult } from "../../src/tenant/resources.ts";
import { ACME } from "./support.ts";

const NO_RECORD: GetRecordResult = {
  tenantId: "",
  status: "none",
  stack: "",
  wasEverActive: false,
  isPurgeable: false,
  isReachable: true,
};
const ACTIVE: GetRecordResult = { ...NO_RECORD, status: "active", wasEverActive: true };
const DELETED: GetRecordResult = { ...ACTIVE, status: "deleted" };
const OVER: GetRecordResult = { ...DELETED, isPurgeable: true };

const deletedEntry = { ...ACME, status: "deleted" } as const;
const purgedEntry = { ...deletedEntry, isPurgeConfirmed: true } as const;

describe("isRegistrationProtected", () => {
  test.each([
    { what: "a new tenant", tenant: ACME, record: NO_RECORD, expected: true },
    { what: "an active tenant", tenant: ACME, record: ACTIVE, expected: true },
    { what: "a deleted tenant within its retention", tenant: deletedEntry, record: DELETED, expected: true },
    { what: "an entry that confirms the purge", tenant: purgedEntry, record: DELETED, expected: false },
    { what: "a deleted tenant whose retention is over", tenant: deletedEntry, record: OVER, expected: false },
    { what: "an undelete after retention is over", tenant: ACME, record: OVER, expected: true },
    {
      what: "a record that nobody can ask",
      tenant: deletedEntry,
      record: { ...NO_RECORD, isReachable: false },
      expected: true,
    },
  ])("$what: $expected", ({ tenant, record, expected }) => {
    expect(isRegistrationProtected(tenant, record)).toBe(expected);
  });
});

describe("isNothingWanted", () => {
  test("of a deleted entry that was never active", () => {
    expect(isNothingWanted(deletedEntry, NO_RECORD)).toBe(true);
    expect(isNothingWanted(deletedEntry, { ...NO_RECORD, status: "provisioning_failed" })).toBe(true);
  });

  test("never of one that was, of one that is wanted, or when master can't be asked", () => {
    expect(isNothingWanted(deletedEntry, DELETED)).toBe(false);
    expect(isNothingWanted(ACME, NO_RECORD)).toBe(false);
    expect(isNothingWanted(deletedEntry, { ...NO_RECORD, isReachable: false })).toBe(false);
  });
});

describe("targetOfStack", () => {
  test("a name without a dot is the platform, the rest a tenant", () => {
    expect(targetOfStack("prod")).toEqual({ kind: "platform", environment: "prod" });
    expect(targetOfStack("prod.acme-health")).toEqual({
      kind: "tenant",
      environment: "prod",
      slug: "acme-health",
    });
  });
});
