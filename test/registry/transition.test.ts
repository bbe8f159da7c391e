import { describe, expect, test } from "vitest";
import {
  assertTransition,
  eventOf,
  isLegalTransition,
  LEGAL_TRANSITIONS,
  pathTo,
} from "../../src/registry/index.ts";
import type { RecordStatus } from "../../src/tenant/resources.ts";

const STATES = Object.keys(LEGAL_TRANSITIONS) as RecordStatus[];

/** PRODUCT.md item 7, written down a second time: 64 pairs, these are legal. */
const LEGAL = new Set([
  "provisioning>active",
  "provisioning>provisioning_failed",
  "provisioning>purging",
  "provisioning_failed>provisioning",
  "provisioning_failed>purging",
  "active>suspended",
  "suspended>active",
  "active>deleting",
  "suspended>deleting",
  "deleting>deleted",
  "deleting>active",
  "deleting>suspended",
  "deleted>active",
  "deleted>suspended",
  "deleted>purging",
  "purging>purged",
  "purged>provisioning",
]);

const PAIRS = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));

describe("transitions", () => {
  test("there are eight states", () => {
    expect(PAIRS).toHaveLength(64);
  });

  test.each(PAIRS)("%s → %s", (from, to) => {
    const isLegal = LEGAL.has(`${from}>${to}`);
    expect(isLegalTransition(from, to)).toBe(isLegal);
    if (isLegal) assertTransition("acme", from, to);
    else
      expect(() => assertTransition("acme", from, to)).toThrow(
        `Tenant 'acme' is '${from}' and can't become '${to}'; expected `,
      );
  });

  test("the message names what is legal", () => {
    expect(() => assertTransition("acme", "deleting", "purged")).toThrow(
      "Tenant 'acme' is 'deleting' and can't become 'purged'; expected 'deleted' or 'active' or 'suspended'.",
    );
  });

  test("every step of every path to what an entry may want is legal, and ends there", () => {
    const starts: RecordStatus[] = [
      "provisioning",
      "provisioning_failed",
      "active",
      "suspended",
      "deleting",
      "deleted",
    ];
    for (const from of starts)
      for (const wanted of ["active", "suspended", "deleted"] as const) {
        const path = [from, ...pathTo(from, wanted)];
        expect(path.at(-1)).toBe(wanted);
        for (const [index, to] of path.slice(1).entries())
          expect(isLegalTransition(path[index] as RecordStatus, to)).toBe(true);
      }
  });

  test("a first registration passes through active, whatever is wanted", () => {
    expect(pathTo("provisioning", "suspended")).toEqual(["active", "suspended"]);
    expect(pathTo("provisioning_failed", "active")).toEqual(["provisioning", "active"]);
  });

  test("every legal step has the event that a reader expects", () => {
    const events = PAIRS.filter(([from, to]) => LEGAL.has(`${from}>${to}`)).map(
      ([from, to]) => `${from}>${to} ${eventOf(from, to)}`,
    );
    expect(events).toEqual([
      "provisioning>provisioning_failed TENANT_PROVISIONING_FAILED",
      "provisioning>active TENANT_PROVISIONED",
      "provisioning>purging TENANT_PURGING",
      "provisioning_failed>provisioning TENANT_PROVISIONING_RETRIED",
      "provisioning_failed>purging TENANT_PURGING",
      "active>suspended TENANT_SUSPENDED",
      "active>deleting TENANT_DELETING",
      "suspended>active TENANT_RESUMED",
      "suspended>deleting TENANT_DELETING",
      "deleting>active TENANT_UNDELETED",
      "deleting>suspended TENANT_UNDELETED",
      "deleting>deleted TENANT_DELETED",
      "deleted>active TENANT_UNDELETED",
      "deleted>suspended TENANT_UNDELETED",
      "deleted>purging TENANT_PURGING",
      "purging>purged TENANT_PURGED",
      "purged>provisioning TENANT_PROVISIONING_RETRIED",
    ]);
  });
});
