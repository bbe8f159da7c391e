import { describe, expect, test } from "vitest";
import type { StatusFacts } from "../../src/operations/statusWish.ts";
import { type StatusChange, wishOf } from "../../src/operations/statusWish.ts";
import type { TenantRow } from "../../src/registry/index.ts";
import type { DesiredStatus, DesiredTenant } from "../../src/tenant/desired.ts";
import type { RecordStatus } from "../../src/tenant/resources.ts";

const SUSPENDED = { status: "suspended", suspendReason: "unpaid" } as const;
const STATES: readonly (RecordStatus | "none")[] = [
  "none",
  "provisioning",
  "provisioning_failed",
  "active",
  "suspended",
  "deleting",
  "deleted",
  "purging",
];
const ENTRIES: readonly DesiredStatus[] = ["active", "suspended", "deleted"];
const CHANGES: readonly StatusChange[] = [
  { verb: "suspend", reason: "audit" },
  { verb: "resume" },
  { verb: "delete" },
  { verb: "undelete" },
];

function facts(entry: DesiredStatus, record: RecordStatus | "none"): StatusFacts {
  const hasLived = !["provisioning", "provisioning_failed"].includes(record);
  const row = {
    status: record,
    statusReason: "manual",
    activeAt: hasLived ? new Date(0) : null,
  } as TenantRow;
  const tenant = { slug: "acme", status: entry, isPurgeConfirmed: entry === "deleted" } as DesiredTenant;
  return {
    tenant: entry === "suspended" ? { ...tenant, suspendReason: "theirs" } : tenant,
    record: record === "none" ? undefined : row,
    before: SUSPENDED,
  };
}

function outcome(change: StatusChange, entry: DesiredStatus, record: RecordStatus | "none"): string {
  try {
    const { status, suspendReason, purge } = wishOf(change, facts(entry, record));
    return [status, suspendReason, purge].filter((word) => word !== undefined).join(" ");
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const NO = "E_ILLEGAL_TRANSITION";
/** By verb, then by what the entry says: the answer for each state of the record, in the order of STATES. */
const EXPECTED: Readonly<Record<string, Readonly<Record<DesiredStatus, readonly string[]>>>> = {
  suspend: {
    active: [NO, NO, NO, "suspended audit", "suspended audit", "suspended audit", "suspended audit", NO],
    suspended: [NO, NO, NO, "suspended audit", "suspended audit", "suspended audit", "suspended audit", NO],
    deleted: [NO, NO, NO, NO, NO, NO, NO, NO],
  },
  resume: {
    active: [NO, NO, NO, "active", "active", "active", "active", NO],
    suspended: [NO, NO, NO, "active", "active", "active", "active", NO],
    deleted: [NO, NO, NO, NO, NO, NO, NO, NO],
  },
  delete: {
    active: [...Array(7).fill("deleted"), NO],
    suspended: [...Array(7).fill("deleted"), NO],
    deleted: [...Array(7).fill("deleted acme"), NO],
  },
  undelete: {
    active: [NO, NO, NO, "active", "active", "active", "active", NO],
    suspended: [
      NO,
      NO,
      NO,
      "suspended theirs",
      "suspended theirs",
      "suspended theirs",
      "suspended theirs",
      NO,
    ],
    deleted: [NO, NO, NO, "active", "suspended manual", "suspended unpaid", "suspended unpaid", NO],
  },
};

describe("what an entry is to say", () => {
  test.each(CHANGES.flatMap((change) => ENTRIES.map((entry) => [change.verb, entry, change] as const)))(
    "`%s` where the entry says '%s', for every state of the record",
    (verb, entry, change) => {
      expect(STATES.map((record) => outcome(change, entry, record))).toEqual(EXPECTED[verb]?.[entry]);
    },
  );

  test("`suspend` without a reason keeps the one that stands", () => {
    expect(wishOf({ verb: "suspend" }, facts("suspended", "suspended"))).toEqual({
      status: "suspended",
      suspendReason: "theirs",
    });
    expect(wishOf({ verb: "suspend" }, facts("active", "active"))).toEqual({ status: "suspended" });
  });
});
