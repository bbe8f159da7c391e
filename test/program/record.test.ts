import { describe, expect, test } from "vitest";
import {
  isNothingWanted,
  isRegistrationProtected,
  refuseRecorded,
  targetOfStack,
} from "../../src/program/index.ts";
import type { DesiredTenant } from "../../src/tenant/desired.ts";
import type { GetRecordResult } from "../../src/tenant/resources.ts";
import { ACME } from "./support.ts";

const NO_RECORD: GetRecordResult = {
  tenantId: "",
  status: "none",
  stack: "",
  server: "",
  region: "",
  wasEverActive: false,
  rotation: 0,
  isPurgeable: false,
  isHeld: false,
  namesakes: [],
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
      what: "a held tenant whose entry confirms the purge",
      tenant: { ...purgedEntry, hold: true },
      record: OVER,
      expected: true,
    },
    {
      what: "a tenant that master alone knows to be held",
      tenant: purgedEntry,
      record: { ...OVER, isHeld: true },
      expected: true,
    },
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

describe("refuseRecorded", () => {
  const placed: GetRecordResult = { ...ACTIVE, server: "db-01", region: "eu" };
  const refusal = (tenant: DesiredTenant, record: GetRecordResult): unknown => {
    try {
      return refuseRecorded(tenant, record, (slug) => slug === "beside");
    } catch (error) {
      return error;
    }
  };

  test.each([
    { what: "a tenant where it is", tenant: { ...ACME, server: "db-01", region: "eu" }, record: placed },
    { what: "a tenant that may be anywhere", tenant: ACME, record: placed },
    { what: "another server, which is a move", tenant: { ...ACME, server: "db-02" }, record: placed },
    { what: "another region, likewise", tenant: { ...ACME, region: "us" }, record: placed },
    { what: "a hold on what is deleted", tenant: { ...deletedEntry, hold: true }, record: DELETED },
    {
      what: "a namesake that keeps its entry",
      tenant: ACME,
      record: { ...NO_RECORD, namesakes: ["beside"] },
    },
  ])("$what is fine", ({ tenant, record }) => {
    expect(refusal(tenant, record)).toBeUndefined();
  });

  test.each([
    {
      what: "the delete of a held tenant",
      tenant: { ...deletedEntry, hold: true },
      record: placed,
      expected: { code: "E_HOLD", message: expect.stringContaining("before a delete") },
    },
    {
      what: "the confirmed purge of a held tenant",
      tenant: { ...purgedEntry, hold: true },
      record: DELETED,
      expected: { code: "E_HOLD", message: expect.stringContaining("before a purge") },
    },
    {
      what: "a namesake whose entry is gone",
      tenant: ACME,
      record: { ...NO_RECORD, namesakes: ["beside", "gone"] },
      expected: { code: "E_IMMUTABLE", message: expect.stringContaining("this is tenant 'gone'") },
    },
  ])("$what is refused", ({ tenant, record, expected }) => {
    expect(refusal(tenant, record)).toMatchObject(expected);
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
