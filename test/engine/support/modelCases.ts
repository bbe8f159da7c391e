import fc from "fast-check";
import type { OperationType } from "../../../src/engine/snapshot.ts";
import { type Part, type Program, plainPart, type Stop } from "./model.ts";

export const NAMES = ["a", "b", "c", "d", "e", "f"];
const METHODS = ["create", "update", "delete", "read", "check", "diff"];

/** A second way to the same world: something was done to it by hand. */
export interface Drift {
  readonly kind: "changed" | "gone";
  readonly pick: number;
}

/** An operation that the state says was cut off, of one of its resources. */
export interface LeftOver {
  readonly type: OperationType;
  readonly pick: number;
}

/** What may go wrong in a run. */
export interface Trouble {
  readonly failures: readonly string[];
  readonly deaths: readonly string[];
  readonly unready: readonly string[];
  readonly stopAt: Stop;
  /** So many saves succeed, then the disk is full; undefined for a disk that is large enough. */
  readonly roomFor: number | undefined;
}

export interface Case {
  readonly first: Program;
  readonly second: Program;
  readonly operation: "update" | "refresh" | "destroy";
  readonly start: Trouble;
  readonly trouble: Trouble;
  readonly drift: readonly Drift[];
  readonly leftOvers: readonly LeftOver[];
}

const seldom = fc.nat(7).map((number) => number === 0);

function partOf(name: string, index: number): fc.Arbitrary<Part> {
  const earlier = index === 0 ? fc.constant(undefined) : fc.option(fc.nat(index - 1), { nil: undefined });
  return fc
    .record({
      isComponent: fc.boolean(),
      value: fc.nat(2),
      key: fc.nat(1),
      isDeletedFirst: fc.boolean(),
      parent: earlier,
      dependsOn: fc.uniqueArray(fc.nat(Math.max(0, index - 1)), { maxLength: index === 0 ? 0 : 2 }),
      source: earlier,
      replaceWith: earlier,
      deletedWith: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: earlier },
      ),
      isProtected: seldom,
      isRetained: seldom,
      isSecret: fc.boolean(),
      isRenamed: seldom,
      isImported: seldom,
    })
    .map(({ isRenamed, ...part }) => ({
      name,
      ...part,
      was: isRenamed ? name : undefined,
      isComponent: part.isComponent && index % 3 === 0,
    }));
}

/** Some of the six names, in their order; a number names an earlier resource of the same program. */
const programs: fc.Arbitrary<Program> = fc
  .subarray(NAMES)
  .chain((names) => fc.tuple(...names.map((name, index) => partOf(name, index))))
  .map((parts) => parts.map((part) => withoutComponents(part, parts)));

/** A component has no id to be an input, isn't replaced, isn't imported and has no data. */
function withoutComponents(part: Part, parts: readonly Part[]): Part {
  const thing = (index: number | undefined): number | undefined =>
    index !== undefined && !part.isComponent && parts[index]?.isComponent === false ? index : undefined;
  return {
    ...part,
    source: thing(part.source),
    replaceWith: thing(part.replaceWith),
    deletedWith: thing(part.deletedWith),
    isProtected: part.isProtected && !part.isComponent,
    isRetained: part.isRetained && !part.isComponent,
    isImported: part.isImported && !part.isComponent,
  };
}

/** Nothing has another name or was there before. */
function asFirst(program: Program): Program {
  return program.map((part) => ({ ...part, was: undefined, isImported: false }));
}

/** Names that the first program had may change; an import is of what it had not, and never replaced. */
function asSecond(program: Program, first: Program): Program {
  const had = new Set(first.map(({ name }) => name));
  return program.map((part) => {
    if (had.has(part.name)) {
      const { was } = part;
      return { ...part, name: was === undefined ? part.name : `${part.name}2`, isImported: false };
    }
    const alone = { source: undefined, replaceWith: undefined, deletedWith: undefined };
    return { ...part, ...(part.isImported ? alone : {}), was: undefined };
  });
}

const stop: fc.Arbitrary<Stop> = fc.record({
  at: fc.constantFrom("call" as const, "effect" as const, "save" as const),
  count: fc.nat(16),
  how: fc.constantFrom("kill" as const, "stop" as const, "giveUp" as const),
});

const names = fc.constantFrom(...NAMES, ...NAMES.map((name) => `${name}2`));
const calls = fc.tuple(fc.constantFrom(...METHODS), names).map(([method, name]) => `${method}:${name}`);

const troubles: fc.Arbitrary<Trouble> = fc.record({
  failures: fc.uniqueArray(
    fc.oneof({ weight: 20, arbitrary: calls }, { weight: 1, arbitrary: fc.constant("configure:provider") }),
    {
      maxLength: 3,
    },
  ),
  deaths: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(calls, fc.nat(1)).map(([call, moment]) => [`${call}:${moment}`]) },
  ),
  unready: fc.uniqueArray(names, { maxLength: 1 }),
  stopAt: stop,
  roomFor: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(8) }),
});

const TYPES: readonly OperationType[] = ["creating", "updating", "deleting", "reading", "importing"];

export const cases: fc.Arbitrary<Case> = fc
  .record({
    first: programs.map(asFirst),
    second: programs,
    operation: fc.constantFrom("update" as const, "refresh" as const, "destroy" as const),
    start: troubles.map((trouble) => ({ ...trouble, failures: [], unready: [] })),
    trouble: troubles,
    drift: fc.array(
      fc.record({ kind: fc.constantFrom("changed" as const, "gone" as const), pick: fc.nat(5) }),
      { maxLength: 2 },
    ),
    leftOvers: fc.array(fc.record({ type: fc.constantFrom(...TYPES), pick: fc.nat(8) }), { maxLength: 2 }),
  })
  .map((one) => ({ ...one, second: asSecond(one.second, one.first) }));

const { name: _, ...PLAIN } = plainPart("");

const CALM: Trouble = {
  failures: [],
  deaths: [],
  unready: [],
  stopAt: { at: "call", count: 0, how: "kill" },
  roomFor: undefined,
};

/** Cases that were wrong once. */
export const FOUND: readonly Case[] = [
  // What was replaced with another, and is no longer, was made anew before it was deleted with that one.
  {
    first: [
      { ...PLAIN, name: "a", isComponent: true },
      { ...PLAIN, name: "b", parent: 0, isProtected: true, isRetained: true },
      { ...PLAIN, name: "c", parent: 0, replaceWith: 1, isProtected: true, isRetained: true },
      { ...PLAIN, name: "d", replaceWith: 2, isProtected: true },
      { ...PLAIN, name: "f", isProtected: true, isRetained: true },
    ],
    second: [
      { ...PLAIN, name: "a2", isComponent: true, was: "a" },
      {
        ...PLAIN,
        name: "b2",
        key: 1,
        isDeletedFirst: true,
        parent: 0,
        isProtected: true,
        isRetained: true,
        was: "b",
      },
      { ...PLAIN, name: "c", parent: 0, isProtected: true, isRetained: true },
      { ...PLAIN, name: "d2", parent: 0, isProtected: true, isRetained: true, was: "d" },
      { ...PLAIN, name: "e", isProtected: true, isRetained: true, isImported: true },
      { ...PLAIN, name: "f2", isProtected: true, isRetained: true, was: "f" },
    ],
    operation: "update",
    start: CALM,
    trouble: { ...CALM, deaths: ["create:a:0"], roomFor: 0 },
    drift: [],
    leftOvers: [],
  },
];
