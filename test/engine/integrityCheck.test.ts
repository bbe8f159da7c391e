import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FileBackend } from "../../src/engine/backend.ts";
import { IntegrityCheck } from "../../src/engine/integrityCheck.ts";
import { verifyIntegrity } from "../../src/engine/snapshot.ts";
import { newState, type ResourceState } from "../../src/engine/state.ts";
import { StateWriter } from "../../src/engine/stateWriter.ts";
import { createUrn, providerReference, providerType } from "../../src/engine/urn.ts";

const CASES = Number(process.env.TENANTRY_CASES ?? 500);
const NAMES = ["a", "b", "c", "d", "e", "f"];

const urnOf = (pick: number): string =>
  createUrn("dev", "demo", "", "test:index:Thing", NAMES[pick % NAMES.length] ?? "");
const providerUrn = (pick: number): string =>
  createUrn("dev", "demo", "", providerType("test"), NAMES[pick % 2] ?? "");
const referenceOf = (pick: number): string =>
  pick === 9 ? "no reference" : providerReference(providerUrn(pick), `id${pick % 2}`);

/** A resource: which one it is, and which others each of its fields names; undefined for none. */
interface Choice {
  readonly urn: number;
  readonly isProvider: boolean;
  readonly isDeleted: boolean;
  readonly provider: number | undefined;
  readonly parent: number | undefined;
  readonly deletedWith: number | undefined;
  readonly dependencies: readonly number[];
  readonly properties: readonly number[];
  readonly replaceWith: readonly number[];
}

const number = fc.nat({ max: NAMES.length - 1 });
const maybe = (of: fc.Arbitrary<number>) => fc.option(of, { nil: undefined, freq: 1 });
const few = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(number, { maxLength: 2 }));
const pick: fc.Arbitrary<Choice> = fc.record({
  urn: number,
  isProvider: fc.boolean(),
  isDeleted: fc.nat({ max: 4 }).map((one) => one === 0),
  provider: maybe(fc.nat({ max: 9 })),
  parent: maybe(number),
  deletedWith: maybe(number),
  dependencies: few,
  properties: few,
  replaceWith: few,
});

type Mutation =
  | { readonly kind: "put"; readonly at: number; readonly pick: Choice }
  | { readonly kind: "cut" | "copy" | "move" | "again"; readonly at: number; readonly to: number }
  | { readonly kind: "amend"; readonly at: number; readonly pick: Choice; readonly field: keyof Choice }
  | { readonly kind: "repair" };

const place = fc.nat({ max: 9 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), at: place, pick }),
  fc.record({ kind: fc.constantFrom("cut", "copy", "move", "again"), at: place, to: place }),
  fc.record({
    kind: fc.constant("amend" as const),
    at: place,
    pick,
    field: fc.constantFrom<keyof Choice>(
      "isDeleted",
      "parent",
      "provider",
      "dependencies",
      "properties",
      "urn",
    ),
  }),
  fc.constant({ kind: "repair" as const }),
);

function fieldsOf(one: Choice): Partial<ResourceState> & { urn: string; type: string } {
  const thing = (other: number | undefined): string => (other === undefined ? "" : urnOf(other));
  return {
    urn: one.isProvider ? providerUrn(one.urn) : urnOf(one.urn),
    type: one.isProvider ? providerType("test") : "test:index:Thing",
    id: `id${one.urn % 2}`,
    delete: one.isDeleted,
    provider: one.provider === undefined ? "" : referenceOf(one.provider),
    parent: thing(one.parent),
    deletedWith: thing(one.deletedWith),
    dependencies: one.dependencies.map(urnOf),
    propertyDependencies: one.properties.length === 0 ? {} : { value: one.properties.map(urnOf) },
    replaceWith: one.replaceWith.map(urnOf),
  };
}

const FIELD_NAMES: Partial<Record<keyof Choice, keyof ResourceState>> = {
  isDeleted: "delete",
  parent: "parent",
  provider: "provider",
  dependencies: "dependencies",
  properties: "propertyDependencies",
  urn: "urn",
};

/** The list after it; states are changed in place only by `amend`. */
function mutated(list: readonly ResourceState[], change: Mutation): readonly ResourceState[] {
  if (change.kind === "repair") return list.filter((_, index) => isValid(list.slice(0, index + 1)));
  if (change.kind === "put") {
    const at = change.at % (list.length + 1);
    return [...list.slice(0, at), newState(fieldsOf(change.pick)), ...list.slice(at)];
  }
  const at = change.at % Math.max(1, list.length);
  const state = list[at];
  if (state === undefined) return list;
  const rest = list.filter((_, index) => index !== at);
  switch (change.kind) {
    case "cut":
      return rest;
    case "copy":
      return list.map((one) => (one === state ? { ...one } : one));
    case "again":
      return [...list, state];
    case "move":
      return [...rest.slice(0, change.to), state, ...rest.slice(change.to)];
    case "amend": {
      const field = FIELD_NAMES[change.field] as keyof ResourceState;
      Object.assign(state, { [field]: fieldsOf(change.pick)[field] });
      return list;
    }
  }
}

function problemOf(verify: () => void): string | undefined {
  try {
    verify();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const isValid = (list: readonly ResourceState[]): boolean =>
  problemOf(() => verifyIntegrity(list)) === undefined;

/** The resources that are valid so far, so that most lists are. */
function validOf(picks: readonly Choice[]): readonly ResourceState[] {
  const list: ResourceState[] = [];
  for (const one of picks) {
    const state = newState(fieldsOf(one));
    if (isValid([...list, state])) list.push(state);
  }
  return list;
}

describe("the check of what changed (F8)", () => {
  test("says of each state what the check of all says, whatever changed since the last one", () => {
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(
        fc.array(pick, { maxLength: 12 }),
        fc.array(mutation, { maxLength: 12 }),
        (picks, changes) => {
          const check = new IntegrityCheck();
          let list = validOf(picks);
          for (const change of [undefined, ...changes]) {
            if (change !== undefined) list = mutated(list, change);
            const expected = problemOf(() => verifyIntegrity(list));
            expect(problemOf(() => check.verify(list))).toBe(expected);
            seen[expected === undefined ? "valid" : "invalid"] += 1;
          }
        },
      ),
      { numRuns: CASES },
    );
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(CASES / 2);
  });

  test("finds a reference that a state got in place", () => {
    const check = new IntegrityCheck();
    const [first, second] = [0, 1].map((one) => newState({ urn: urnOf(one), type: "test:index:Thing" }));
    const list = [first, second] as ResourceState[];
    check.verify(list);
    Object.assign(first ?? {}, { dependencies: [urnOf(1)] });
    expect(() => check.verify(list)).toThrow(
      `resource '${urnOf(0)}' refers to '${urnOf(1)}', which does not come before it`,
    );
    expect(() => check.verify(list.reverse())).not.toThrow();
  });

  test("is followed by one of all at the end, after the state was written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "writer-"));
    try {
      const backend = new FileBackend(`file://${folder}`, folder);
      const id = { project: "demo", stack: "dev" };
      await backend.prepare(id);
      const writer = new StateWriter({ backend, id, secrets: undefined, onPoint: () => undefined });
      const state = newState({ urn: urnOf(0), type: "test:index:Thing" });
      await writer.save({ resources: [state], pendingOperations: [] });
      expect(() => writer.verify()).not.toThrow();
      await writer.save({ resources: [state, { ...state }], pendingOperations: [] });
      await writer.close();
      expect(() => writer.verify()).toThrow(`resource '${urnOf(0)}' occurs twice`);
      const { checkpoint } = JSON.parse(await readFile(backend.checkpointPath(id), "utf8"));
      expect(checkpoint.latest.resources).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
