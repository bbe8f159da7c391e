import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkpointText,
  parseCheckpoint,
  snapshotFromJson,
  withCurrentUrns,
} from "../../src/engine/checkpoint.ts";
import { type Snapshot, verifyIntegrity } from "../../src/engine/snapshot.ts";
import {
  EMPTY,
  type ModelResult,
  type ModelRun,
  type Part,
  type Program,
  resolvePending,
  runModel,
  World,
} from "./support/model.ts";

/** 500 in every run; `TENANTRY_CASES=10000 npx vitest run test/engine/property.test.ts` for the long walk. */
const CASES = Number(process.env.TENANTRY_CASES ?? 500);
/** A run of a case that takes longer hangs. */
const HANGING_MS = 20_000;
const NAMES = ["a", "b", "c", "d", "e", "f"];
const METHODS = ["create", "update", "delete", "read"];

/** A second way to the same world: something was done to it by hand. */
interface Drift {
  readonly kind: "changed" | "gone";
  readonly pick: number;
}

type Kill = NonNullable<ModelRun["killAt"]>;

interface Case {
  readonly first: Program;
  readonly second: Program;
  readonly operation: "update" | "refresh" | "destroy";
  readonly failures: readonly string[];
  readonly drift: readonly Drift[];
  /** When each of the two runs is killed; never at 0. */
  readonly kills: readonly [Kill, Kill];
}

const partOf = (name: string, index: number): fc.Arbitrary<Part> => {
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
    })
    .map((part) => ({ name, ...part, isComponent: part.isComponent && index % 3 === 0 }));
};

/** Some of the six names, in their order; a number names an earlier resource of the same program. */
const programs: fc.Arbitrary<Program> = fc
  .subarray(NAMES)
  .chain((names) => fc.tuple(...names.map((name, index) => partOf(name, index))))
  .map((parts) => parts.map((part) => withoutComponents(part, parts)));

/** A component has no id to be an input, and isn't replaced. */
function withoutComponents(part: Part, parts: readonly Part[]): Part {
  const isThing = (index: number | undefined): boolean =>
    index !== undefined && parts[index]?.isComponent === false;
  return {
    ...part,
    source: isThing(part.source) ? part.source : undefined,
    replaceWith: isThing(part.replaceWith) ? part.replaceWith : undefined,
  };
}

const kill: fc.Arbitrary<Kill> = fc.record({
  after: fc.constantFrom("save" as const, "effect" as const),
  count: fc.nat(8),
});

const cases: fc.Arbitrary<Case> = fc.record({
  first: programs,
  second: programs,
  operation: fc.constantFrom("update" as const, "refresh" as const, "destroy" as const),
  failures: fc.uniqueArray(
    fc
      .tuple(fc.constantFrom(...METHODS), fc.constantFrom(...NAMES))
      .map(([method, name]) => `${method}:${name}`),
    { maxLength: 3 },
  ),
  drift: fc.array(
    fc.record({ kind: fc.constantFrom("changed" as const, "gone" as const), pick: fc.nat(5) }),
    {
      maxLength: 2,
    },
  ),
  kills: fc.tuple(kill, kill),
});

describe("any state, any program, any failure, any operation", () => {
  test(
    `${CASES} cases: no invalid state, nothing lost, no hang, and the next run ends it (F8)`,
    async () => {
      await fc.assert(fc.asyncProperty(cases, check), {
        numRuns: CASES,
        ...(process.env.TENANTRY_SEED === undefined ? {} : { seed: Number(process.env.TENANTRY_SEED) }),
        ...(process.env.TENANTRY_PATH === undefined ? {} : { path: process.env.TENANTRY_PATH }),
        reporter: (details) => {
          if (!details.failed) return;
          const again = `TENANTRY_SEED=${details.seed} TENANTRY_PATH=${details.counterexamplePath} npx vitest run test/engine/property.test.ts`;
          const why = details.errorInstance instanceof Error ? details.errorInstance.message : "";
          throw new Error(`${why}\nrun it again: ${again}\n${fc.defaultReportMessage(details)}`);
        },
      });
    },
    CASES * 1000,
  );

  test("a gone resource's child doesn't refer to the replacement that a cut-off run left behind it", async () => {
    const [b, c, d] = ["b", "c", "d"].map(thing) as [Part, Part, Part];
    const child: Part = { ...thing("f"), isComponent: true, parent: 1 };
    const second = [
      { ...thing("a"), isComponent: true },
      { ...b, parent: 0 },
      { ...c, source: 1 },
      d,
      { ...thing("e"), dependsOn: [1] },
      { ...thing("f"), replaceWith: 1 },
    ];
    await check({
      first: [b, c, d, child],
      second,
      operation: "update",
      failures: [],
      drift: [{ kind: "gone", pick: 4 }],
      kills: [
        { after: "save", count: 0 },
        { after: "save", count: 6 },
      ],
    });
  });

  test("a resource that another's replacement deletes is made anew after that, and leaves nothing behind", async () => {
    const [a, b, c] = ["a", "b", "c"].map(thing) as [Part, Part, Part];
    await check({
      first: [
        a,
        { ...b, parent: 0 },
        { ...c, parent: 0, replaceWith: 1 },
        ...["d", "e", "f"].map((name, index) => ({ ...thing(name), source: index % 2 })),
      ],
      second: [
        a,
        { ...b, parent: 0, source: 0, isDeletedFirst: true },
        { ...c, parent: 0, replaceWith: 0 },
        ...["d", "f"].map(thing),
      ],
      operation: "update",
      failures: [],
      drift: [],
      kills: [
        { after: "save", count: 0 },
        { after: "save", count: 0 },
      ],
    });
  });
});

function thing(name: string): Part {
  return {
    name,
    isComponent: false,
    value: 0,
    key: 0,
    isDeletedFirst: false,
    parent: undefined,
    dependsOn: [],
    source: undefined,
    replaceWith: undefined,
  };
}

async function check({ first, second, operation, failures, drift, kills }: Case): Promise<void> {
  const world = new World();
  const start = { world, preview: false, program: first, mode: "update" as const };
  let state = await ended({ ...start, base: EMPTY, killAt: kills[0] });
  world.failures = new Set(failures);
  for (const change of drift) applyDrift(world, change);
  state = await ended({ ...start, base: state, mode: operation, program: second, killAt: kills[1] });
  world.failures = new Set();
  await converges(world, state, second);
}

/** Runs, whatever comes of it, and finds out what became of what was cut off. */
async function ended(run: ModelRun): Promise<Snapshot> {
  const result = await watched(run);
  expectNothingLost(result, run.world);
  return resolvePending(result.stored, run.world);
}

/** The next run without trouble makes exactly what the program says; one more changes nothing; a destroy leaves nothing. */
async function converges(world: World, state: Snapshot, program: Program): Promise<void> {
  const run = { world, preview: false, program, mode: "update" as const };
  const refreshed = await succeeds({ ...run, base: state, mode: "refresh" });
  const done = await succeeds({ ...run, base: refreshed.stored });
  const names = done.stored.resources
    .filter(({ type }) => type.startsWith("test:"))
    .map(({ urn }) => lastOf(urn));
  expect(names.sort()).toEqual(program.map(({ name }) => name).sort());
  expect(idsIn(done.stored)).toEqual([...world.things.keys()].sort());
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
  try {
    return await Promise.race([runModel({ ...run, onSave: expectValid }), hanging]);
  } finally {
    clearTimeout(timer);
  }
}

function expectValid(snapshot: Snapshot): void {
  verifyIntegrity(withCurrentUrns(snapshot.resources));
  const { deployment } = parseCheckpoint(checkpointText("demo/dev", snapshot, undefined), "state");
  const read = snapshotFromJson(deployment, undefined);
  verifyIntegrity(read.resources);
  const ids = idsIn(read);
  expect(new Set(ids).size, "an id occurs twice").toBe(ids.length);
}

/** Whatever exists is in the state, or the state says that it was being made. */
function expectNothingLost({ stored }: ModelResult, world: World): void {
  const known = new Set(idsIn(stored));
  const begun = new Set(stored.pendingOperations.map(({ resource }) => resource.urn));
  const lost = [...world.things].filter(([id, { urn }]) => !known.has(id) && !begun.has(urn));
  expect(lost, "exists, and the state doesn't know").toEqual([]);
}

function idsIn({ resources }: Snapshot): string[] {
  const owned = resources.filter(({ custom, type }) => custom && type === "test:index:Thing");
  return owned
    .filter(({ pendingReplacement }) => !pendingReplacement)
    .map(({ id }) => id)
    .sort();
}

function lastOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

function applyDrift(world: World, { kind, pick }: Drift): void {
  const ids = [...world.things.keys()];
  const id = ids[pick % Math.max(1, ids.length)];
  const thing = id === undefined ? undefined : world.things.get(id);
  if (id === undefined || thing === undefined) return;
  if (kind === "gone") world.things.delete(id);
  else world.things.set(id, { ...thing, inputs: { ...thing.inputs, value: 99 } });
}
