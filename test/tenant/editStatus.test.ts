import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editStatus, type StatusWords } from "../../src/tenant/editStatus.ts";
import { entryIn } from "../../src/tenant/entry.ts";
import { entryOf } from "./parsing.ts";

const FILE = "tenants/acme.yaml";
const OWN = { environment: "local", isShared: false };
const SHARED = { environment: "local", isShared: true };
const TEXT = `# Acme, a pilot customer
displayName: Acme Health   # as on the sign
adminEmail: admin@acme.example
environments: [local, prod]
status: active # since May
plan: trial
`;

describe("the status of an entry", () => {
  test("is changed in place with the words that go with it, and comes back byte for byte", () => {
    const suspended = editStatus(TEXT, FILE, { status: "suspended", suspendReason: "unpaid: 2 bills" }, OWN);
    expect(suspended).toBe(
      TEXT.replace(
        "status: active # since May\n",
        'status: suspended # since May\nsuspendReason: "unpaid: 2 bills"\n',
      ),
    );
    expect(editStatus(suspended, FILE, { status: "active" }, OWN)).toBe(TEXT);
  });

  test("takes away a purge and a reason that no longer hold", () => {
    const deleted = editStatus(TEXT, FILE, { status: "deleted", purge: "acme" }, OWN);
    expect(deleted).toContain("status: deleted # since May\npurge: acme\n");
    expect(editStatus(deleted, FILE, { status: "active" }, OWN)).toBe(TEXT);
  });

  test("that is so already leaves every byte, also where nothing says `active`", () => {
    expect(editStatus(TEXT, FILE, { status: "active" }, SHARED)).toBe(TEXT);
    const silent = TEXT.replace("status: active # since May\n", "");
    expect(editStatus(silent, FILE, { status: "active" }, OWN)).toBe(silent);
  });

  test("of an entry that other environments share is set in this one's override only", () => {
    const edited = editStatus(TEXT, FILE, { status: "deleted" }, SHARED);
    expect(edited).toBe(TEXT.replace("prod]\n", "prod]\noverrides: { local: { status: deleted } }\n"));
    const entry = entryOf(edited);
    expect([entryIn(entry, "local").status, entryIn(entry, "prod").status]).toEqual(["deleted", "active"]);
    expect(editStatus(edited, FILE, { status: "active" }, SHARED)).toBe(edited.replace("deleted", "active"));
  });

  test.each([
    [
      "overrides:\n  prod:\n    plan: trial # theirs\n",
      "    plan: trial # theirs\n  local: { status: deleted }\n",
    ],
    ["overrides:\n  local:\n    plan: trial # ours\n", "    plan: trial # ours\n    status: deleted\n"],
    [
      "overrides: { prod: { plan: trial } }\n",
      "overrides: { prod: { plan: trial }, local: { status: deleted } }\n",
    ],
    ["overrides: { local: { plan: trial } }\n", "overrides: { local: { plan: trial, status: deleted } }\n"],
    ["overrides: {}\n", "overrides: { local: { status: deleted }}\n"],
  ])("finds its place in %j", (overrides, expected) => {
    expect(editStatus(TEXT + overrides, FILE, { status: "deleted" }, SHARED)).toContain(expected);
  });

  test("with a word of its override and no status there gets one there", () => {
    const text = `${TEXT.replace("active", "suspended")}overrides: { local: { suspendReason: unpaid } }\n`;
    expect(editStatus(text, FILE, { status: "active" }, OWN)).toContain(
      "overrides: { local: { status: active } }\n",
    );
  });

  test("is what was asked for after any edits in any order, and nothing else has changed", () => {
    const words: fc.Arbitrary<StatusWords> = fc.oneof(
      fc.constant({ status: "active" } as const),
      fc
        .string({ minLength: 1, maxLength: 40 })
        .filter((text) => /^[\x20-\x7e]*\S[\x20-\x7e]*$/.test(text) && text.trim() === text)
        .map((suspendReason) => ({ status: "suspended", suspendReason }) as const),
      fc.constantFrom({ status: "deleted" } as const, { status: "deleted", purge: "acme" } as const),
    );
    const places = fc.constantFrom(OWN, SHARED);
    fc.assert(
      fc.property(fc.array(fc.tuple(words, places), { minLength: 1, maxLength: 5 }), (edits) => {
        const text = edits.reduce((last, [wish, place]) => editStatus(last, FILE, wish, place), TEXT);
        const last = edits.at(-1)?.[0];
        const { status, suspendReason, purge, ...rest } = entryIn(entryOf(text), "local");
        const { status: _, ...before } = entryIn(entryOf(TEXT), "local");
        expect({ status, suspendReason, purge }).toEqual({
          suspendReason: undefined,
          purge: undefined,
          ...last,
        });
        expect(rest).toEqual(before);
      }),
    );
  });
});
