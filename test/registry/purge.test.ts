import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertPurgeable,
  decidePurge,
  isPurgeable,
  LEGAL_TRANSITIONS,
  type PurgeFacts,
} from "../../src/registry/index.ts";
import type { RecordStatus } from "../../src/tenant/resources.ts";

const DELETED = new Date("2026-01-01T00:00:00Z");
const OVER = new Date("2026-01-31T00:00:00Z");
const JUST_BEFORE = new Date(OVER.getTime() - 1);

const record = (status: RecordStatus, change: Partial<PurgeFacts> = {}): PurgeFacts => ({
  slug: "acme",
  status,
  hold: false,
  isPurgeConfirmed: false,
  retentionDays: 30,
  deletedAt: DELETED,
  activeAt: DELETED,
  ...change,
});

describe("purge", () => {
  test("is allowed when retention is over, not a moment before", () => {
    expect(decidePurge(record("deleted"), OVER)).toEqual({ kind: "allowed" });
    expect(decidePurge(record("deleted"), JUST_BEFORE)).toEqual({ kind: "retention", until: OVER });
  });

  test("is allowed before when the entry confirms it", () => {
    expect(isPurgeable(record("deleted", { isPurgeConfirmed: true }), DELETED)).toBe(true);
  });

  test.each(["active", "suspended", "deleting"] as const)(
    "is refused while '%s', also when confirmed",
    (status) => {
      const facts = record(status, { isPurgeConfirmed: true });
      expect(decidePurge(facts, OVER)).toEqual({ kind: "illegal", from: status });
    },
  );

  test("needs no ceremony for what was never active", () => {
    expect(isPurgeable(record("provisioning", { activeAt: null }), DELETED)).toBe(true);
    expect(isPurgeable(record("provisioning_failed", { activeAt: null }), DELETED)).toBe(true);
  });

  test("a hold stops everything that has not begun", () => {
    const held = { hold: true, isPurgeConfirmed: true };
    expect(decidePurge(record("deleted", held), OVER)).toEqual({ kind: "hold" });
    expect(decidePurge(record("provisioning", { ...held, activeAt: null }), OVER)).toEqual({ kind: "hold" });
    expect(isPurgeable(record("purging", held), OVER)).toBe(true);
  });

  test("a tenant that was active is only ever purged out of deleted", () => {
    const states = Object.keys(LEGAL_TRANSITIONS) as RecordStatus[];
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.boolean(),
        fc.boolean(),
        fc.date({ noInvalidDate: true }),
        (status, hold, isPurgeConfirmed, now) => {
          const isAllowed = isPurgeable(record(status, { hold, isPurgeConfirmed }), now);
          if (status === "purging" || status === "purged") expect(isAllowed).toBe(true);
          else expect(isAllowed).toBe(status === "deleted" && !hold && (isPurgeConfirmed || now >= OVER));
        },
      ),
    );
  });

  test("says why not, and what to do", () => {
    const says = (facts: PurgeFacts) => {
      try {
        assertPurgeable(facts, DELETED);
      } catch (error) {
        const { code, message, hint } = error as { code: string; message: string; hint?: string };
        return [code, message, hint];
      }
      return [];
    };
    expect(says(record("purging"))).toEqual([]);
    expect(says(record("active"))).toEqual([
      "E_ILLEGAL_TRANSITION",
      "Tenant 'acme' is 'active' and can't be destroyed; expected 'deleted'.",
      "Set 'status: deleted' in tenants/acme.yaml and run `up acme` first.",
    ]);
    expect(says(record("deleted"))).toEqual([
      "E_RETENTION",
      "Tenant 'acme' is 'deleted' and kept until 2026-01-31T00:00:00.000Z; expected that time to be over.",
      "To purge it before: `tenantry destroy acme --purge --confirm acme`, or `purge: acme` in tenants/acme.yaml, then `up` and `destroy`.",
    ]);
    expect(says(record("deleted", { hold: true }))).toEqual([
      "E_HOLD",
      "Tenant 'acme' is under legal hold; expected 'hold: false' before a purge.",
      "Set `hold: false` in tenants/acme.yaml and run `tenantry up acme` first, so that the review and the audit say who lifted it.",
    ]);
  });
});
