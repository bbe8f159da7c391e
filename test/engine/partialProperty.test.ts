import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withCurrentUrns } from "../../src/engine/checkpoint.ts";
import { type Snapshot, verifyIntegrity } from "../../src/engine/snapshot.ts";
import { type Selection, WHOLE_STACK } from "../../src/engine/targets.ts";
import {
  EMPTY,
  type ModelResult,
  type ModelRun,
  type Part,
  type Program,
  plainPart,
  runModel,
} from "./support/model.ts";
import { resolvePending, World } from "./support/world.ts";

/** 300 in every run; `TENANTRY_CASES=10000 npx vitest run test/engine/partialProperty.test.ts` for the long walk. */
const CASES = Number(process.env.TENANTRY_CASES ?? 300);
/** The everyday run takes the same cases every time; the long one takes new ones. */
const SEED = process.env.TENANTRY_SEED ?? (process.env.TENANTRY_CASES === undefined ? "20261121" : undefined);
/** A run of a case that takes longer hangs. */
const HANGING_MS = 20_000;
const NAMES = ["a", "b", "c", "d", "e"];

/** A stack, and a run that is about a part of it, goes on after failures, or both. */
interface Case {
  readonly first: Program;
  readonly second: Program;
  readonly mode: "update" | "refresh" | "destroy";
  readonly selection: Selection;
  readonly continueOnError: boolean;
  readonly failures: readonly string[];
}

const partOf = (name: string, index: number): fc.Arbitrary<Part> => {
  const earlier = index === 0 ? fc.constant(undefined) : fc.option(fc.nat(index - 1), { nil: undefined });
  const fields = fc.record({
    isComponent: fc.constant(name === "c"),
    value: fc.nat(2),
    key: fc.nat(1),
    isDeletedFirst: fc.boolean(),
    parent: earlier,
    dependsOn: fc.uniqueArray(fc.nat(Math.max(0, index - 1)), { maxLength: index === 0 ? 0 : 2 }),
    source: earlier,
    replaceWith: earlier,
  });
  return fields.map((part) => ({ ...plainPart(name), ...part }));
};

/** Some of the names, in their order; a number names an earlier one. A component has no id, and isn't replaced. */
const programs: fc.Arbitrary<Program> = fc
  .subarray(NAMES)
  .chain((names) => fc.tuple(...names.map((name, index) => partOf(name, index))))
  .map((parts) => {
    const thing = (index: number | undefined): number | undefined =>
      index === undefined || parts[index]?.isComponent ? undefined : index;
    return parts.map((part) => ({
      ...part,
      source: thing(part.source),
      replaceWith: thing(part.replaceWith),
    }));
  });

const patterns = fc
  .subarray(NAMES, { minLength: 1, maxLength: 2 })
  .map((names) => names.map((name) => `**::${name}`));

const selections: fc.Arbitrary<Selection> = fc.oneof(
  fc.constant(WHOLE_STACK),
  fc
    .record({ targets: patterns, targetDependents: fc.boolean() })
    .map((part) => ({ ...WHOLE_STACK, ...part })),
  fc
    .record({ excludes: patterns, excludeDependents: fc.boolean() })
    .map((part) => ({ ...WHOLE_STACK, ...part })),
  fc.record({ replaces: patterns }).map((part) => ({ ...WHOLE_STACK, ...part })),
  fc.record({ replaces: patterns, targets: patterns }).map((part) => ({ ...WHOLE_STACK, ...part })),
);

const cases: fc.Arbitrary<Case> = fc.record({
  first: programs,
  second: programs,
  mode: fc.constantFrom("update" as const, "refresh" as const, "destroy" as const),
  selection: selections,
  continueOnError: fc.boolean(),
  failures: fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("create", "update", "delete", "read"), fc.constantFrom(...NAMES))
      .map(([method, name]) => `${method}:${name}`),
    { maxLength: 3 },
  ),
});

describe("any part of any stack, whatever fails", () => {
  test(
    `${CASES} cases: no invalid state, nothing lost, no hang, and a run about the whole ends it`,
    async () => {
      await fc.assert(fc.asyncProperty(cases, check), {
        numRuns: CASES,
        ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        ...(process.env.TENANTRY_PATH === undefined ? {} : { path: process.env.TENANTRY_PATH }),
        reporter: (details) => {
          if (!details.failed) return;
          const again = `TENANTRY_SEED=${details.seed} TENANTRY_PATH=${details.counterexamplePath} npx vitest run --project shared test/engine/partialProperty.test.ts`;
          const why = details.errorInstance instanceof Error ? details.errorInstance.message : "";
          throw new Error(`${why}\nrun it again: ${again}\n${fc.defaultReportMessage(details)}`);
        },
      });
    },
    CASES * 1000,
  );
});

async function check({ first, second, mode, selection, continueOnError, failures }: Case): Promise<void> {
  const world = new World();
  const whole = { world, preview: false, program: first, mode: "update" as const };
  const start = await succeeds({ ...whole, base: EMPTY });
  const part = {
    ...whole,
    base: start.stored,
    mode,
    program: second,
    options: { selection, continueOnError },
  };
  const before = new Map(world.things);
  await watched({ ...part, base: structuredClone(start.stored), preview: true });
  expect(world.things, "a preview changes nothing").toEqual(before);
  world.failures = new Set(failures);
  const result = await watched(part);
  expectUntouched(result, before, world, selection);
  world.failures = new Set();
  expectNothingLost(result, world);
  await converges(world, resolvePending(result.stored, world), second);
}

/** What is neither a target nor needs one exists as it did. */
function expectUntouched(
  { stored }: ModelResult,
  before: World["things"],
  world: World,
  selection: Selection,
): void {
  if (selection.targets.length === 0 || selection.targetDependents) return;
  const isTarget = (urn: string): boolean =>
    selection.targets.some((target) => urn.endsWith(target.slice(2)));
  for (const [id, thing] of before) {
    if (isTarget(thing.urn) || needsTarget(stored, thing.urn, isTarget)) continue;
    expect(world.things.get(id), `${id} is no target`).toEqual(thing);
  }
}

function needsTarget(
  { resources }: Snapshot,
  urn: string,
  isTarget: (urn: string) => boolean,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  const needs = resources
    .filter((state) => state.urn === urn)
    .flatMap((state) => [state.parent, ...state.dependencies, ...state.replaceWith]);
  return needs.some(
    (needed) =>
      isTarget(needed) ||
      (!seen.has(needed) &&
        needsTarget({ resources, pendingOperations: [] }, needed, isTarget, new Set([...seen, urn]))),
  );
}

/** A run about the whole stack makes exactly what the program says; one more changes nothing; a destroy leaves nothing. */
async function converges(world: World, state: Snapshot, program: Program): Promise<void> {
  const run = { world, preview: false, program, mode: "update" as const };
  const done = await succeeds({ ...run, base: state });
  const things = done.stored.resources.filter(({ type }) => type.startsWith("test:"));
  const names = things.map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
  expect(names.sort()).toEqual(program.map(({ name }) => name).sort());
  const again = await succeeds({ ...run, base: done.stored, preview: true });
  expect(again.ops.filter((op) => op !== "same")).toEqual([]);
  const gone = await succeeds({ ...run, base: done.stored, mode: "destroy" });
  expect([gone.stored.resources, [...world.things]]).toEqual([[], []]);
}

async function succeeds(run: ModelRun): Promise<ModelResult> {
  const result = await watched(run);
  expect(result.errors).toEqual([]);
  return result;
}

/** Runs it with every stored state verified, and no longer than it may take. */
async function watched(run: ModelRun): Promise<ModelResult> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the ${run.mode} hangs`)), HANGING_MS);
  });
  const onSave = ({ resources }: Snapshot): void => verifyIntegrity(withCurrentUrns(resources));
  try {
    return await Promise.race([runModel({ ...run, onSave }), hanging]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whatever exists is in the state, or the state says that it was being made. */
function expectNothingLost({ stored }: ModelResult, { things }: World): void {
  const known = new Set(stored.resources.map(({ id }) => id));
  const begun = new Set(stored.pendingOperations.map(({ resource }) => resource.urn));
  const lost = [...things].filter(([id, { urn }]) => !known.has(id) && !begun.has(urn));
  expect(lost, "exists, and the state doesn't know").toEqual([]);
}
