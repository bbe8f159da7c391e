import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkpointText,
  parseCheckpoint,
  snapshotFromJson,
  withCurrentUrns,
} from "../../src/engine/checkpoint.ts";
import { CrypterCache } from "../../src/engine/crypter.ts";
import { SecretsManager } from "../../src/engine/secrets.ts";
import { type Snapshot, verifyIntegrity } from "../../src/engine/snapshot.ts";
import type { ResourceState } from "../../src/engine/state.ts";
import { SALT } from "./support/harness.ts";
import {
  EMPTY,
  inputsOf,
  type ModelResult,
  type ModelRun,
  type Part,
  type Program,
  plainPart,
  runModel,
} from "./support/model.ts";
import { type Case, cases, type Drift, FOUND, type LeftOver, type Trouble } from "./support/modelCases.ts";
import { resolvePending, THERE, World } from "./support/world.ts";

/** 500 in every run; `npm run test:property` walks 10,000. */
const CASES = Number(process.env.TENANTRY_CASES ?? 500);
/** The everyday run takes the same cases every time: what it tells is about the change. The long one takes new ones. */
const SEED = process.env.TENANTRY_SEED ?? (process.env.TENANTRY_CASES === undefined ? "20261121" : undefined);
/** A run of a case that takes longer hangs. */
const HANGING_MS = 20_000;

const secrets = new SecretsManager(
  { type: "passphrase", state: { salt: SALT } },
  () => "local",
  new CrypterCache(),
);
beforeAll(() => secrets.unlock());

describe("any state, any program, any failure, any operation", () => {
  test(
    `${CASES} cases: no invalid state, nothing lost, no hang, and the next run ends it (F8)`,
    async () => {
      await fc.assert(fc.asyncProperty(cases, check), {
        numRuns: CASES,
        ...(process.env.TENANTRY_PATH === undefined ? { examples: FOUND.map((one) => [one]) } : {}),
        ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        ...(process.env.TENANTRY_PATH === undefined ? {} : { path: process.env.TENANTRY_PATH }),
        reporter: (details) => {
          if (!details.failed) return;
          // The case alone: the way by which it was shrunk can't always be walked again.
          const path = details.counterexamplePath?.split(":")[0];
          const again = `TENANTRY_SEED=${details.seed} TENANTRY_PATH=${path} npx vitest run --project shared test/engine/property.test.ts`;
          const why = details.errorInstance instanceof Error ? details.errorInstance.message : "";
          throw new Error(`${why}\nrun it again: ${again}\n${fc.defaultReportMessage(details)}`);
        },
      });
    },
    CASES * 1000,
  );

  test("a gone resource's child doesn't refer to the replacement that a cut-off run left behind it", async () => {
    const [b, c, d] = ["b", "c", "d"].map(plainPart) as [Part, Part, Part];
    const child: Part = { ...plainPart("f"), isComponent: true, parent: 1 };
    const second = [
      { ...plainPart("a"), isComponent: true },
      { ...b, parent: 0 },
      { ...c, source: 1 },
      d,
      { ...plainPart("e"), dependsOn: [1] },
      { ...plainPart("f"), replaceWith: 1 },
    ];
    const drift = [{ kind: "gone" as const, pick: 4 }];
    const trouble = { ...NO_TROUBLE, stopAt: { at: "save" as const, count: 6, how: "kill" as const } };
    await check({ ...PLAIN, first: [b, c, d, child], second, drift, trouble });
  });

  test("a resource that another's replacement deletes is made anew after that, and leaves nothing behind", async () => {
    const [a, b, c] = ["a", "b", "c"].map(plainPart) as [Part, Part, Part];
    await check({
      ...PLAIN,
      first: [
        a,
        { ...b, parent: 0 },
        { ...c, parent: 0, replaceWith: 1 },
        ...["d", "e", "f"].map((name, index) => ({ ...plainPart(name), source: index % 2 })),
      ],
      second: [
        a,
        { ...b, parent: 0, source: 0, isDeletedFirst: true },
        { ...c, parent: 0, replaceWith: 0 },
        ...["d", "f"].map(plainPart),
      ],
    });
  });
});

const NO_TROUBLE: Trouble = {
  failures: [],
  deaths: [],
  unready: [],
  stopAt: { at: "save", count: 0, how: "kill" },
  roomFor: undefined,
};
const PLAIN = {
  operation: "update" as const,
  start: NO_TROUBLE,
  trouble: NO_TROUBLE,
  drift: [],
  leftOvers: [],
};

async function check({ first, second, operation, start, trouble, drift, leftOvers }: Case): Promise<void> {
  const world = new World();
  for (const part of second)
    if (part.isImported) world.things.set(THERE + part.name, { urn: "", inputs: inputsOf(part) });
  const run = { world, preview: false, program: first, mode: "update" as const };
  let state = await ended({ ...run, base: EMPTY }, start);
  for (const change of drift) applyDrift(world, change);
  state = withLeftOvers(state, leftOvers);
  await previewed({ ...run, base: state, program: second }, trouble);
  state = await ended({ ...run, base: state, mode: operation, program: second }, trouble);
  await converges(world, state, second);
}

/** Runs into trouble, whatever comes of it, and finds out what became of what was cut off. */
async function ended(run: ModelRun, trouble: Trouble): Promise<Snapshot> {
  const { stopAt, roomFor } = trouble;
  cause(run.world, trouble);
  const result = await watched({ ...run, stopAt, ...(roomFor === undefined ? {} : { roomFor }) });
  cause(run.world, undefined);
  expectNothingLost(result, run.world);
  return resolvePending(result.stored, run.world);
}

/** A preview changes nothing, whatever fails in it. */
async function previewed(run: ModelRun, trouble: Trouble): Promise<void> {
  const before = [...run.world.things];
  cause(run.world, trouble);
  await watched({ ...run, preview: true });
  cause(run.world, undefined);
  expect([...run.world.things]).toEqual(before);
}

function cause(world: World, trouble: Trouble | undefined): void {
  world.failures = new Set(trouble?.failures);
  world.deaths = new Set(trouble?.deaths);
  world.unready = new Set(trouble?.unready);
}

/** The next run without trouble makes exactly what the program says; one more changes nothing; a destroy leaves nothing. */
async function converges(world: World, state: Snapshot, program: Program): Promise<void> {
  const run = { world, preview: false, program, mode: "update" as const };
  const refreshed = await succeeds({ ...run, base: unprotected(state), mode: "refresh" });
  const done = await succeeds({ ...run, base: refreshed.stored });
  const names = done.stored.resources
    .filter(({ type }) => type.startsWith("test:"))
    .map(({ urn }) => lastOf(urn));
  expect(names.sort()).toEqual(program.map(({ name }) => name).sort());
  expect(idsIn(done.stored)).toEqual(owned(world, done.stored));
  const again = await succeeds({ ...run, base: done.stored, preview: true });
  expect(again.ops.filter((op) => op !== "same")).toEqual([]);
  const gone = await succeeds({ ...run, base: unprotected(done.stored), mode: "destroy" });
  expect([gone.stored.resources, owned(world, EMPTY)]).toEqual([[], []]);
}

/** What a state that held these must still hold: what it gave up on purpose is another's. */
function owned(world: World, { resources }: Snapshot): readonly string[] {
  const known = new Set(resources.map(({ id }) => id));
  return [...world.things.keys()].filter((id) => known.has(id) || !world.released.has(id)).sort();
}

async function succeeds(run: ModelRun): Promise<ModelResult> {
  const result = await watched(run);
  if (result.errors.length > 0) throw new Error(`the ${run.mode} fails: ${result.errors.join("; ")}`);
  return result;
}

/** Runs it with every stored state verified, and no longer than it may take. */
async function watched(run: ModelRun): Promise<ModelResult> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the ${run.mode} hangs`)), HANGING_MS);
  });
  const onSave = (snapshot: Snapshot): void => {
    noteReleased(run.world, snapshot);
    expectValid(snapshot);
  };
  noteReleased(run.world, run.base);
  try {
    return await Promise.race([runModel({ ...run, onSave }), hanging]);
  } finally {
    clearTimeout(timer);
  }
}

/** What goes with something that is retained is left alone too, as by the official engine. */
function noteReleased({ released }: World, { resources }: Snapshot): void {
  const retained = new Set(resources.filter((state) => state.retainOnDelete).map(({ urn }) => urn));
  for (const { id, urn, deletedWith } of resources) {
    if (!retained.has(urn) && !retained.has(deletedWith)) continue;
    retained.add(urn);
    released.add(id);
  }
}

function expectValid(snapshot: Snapshot): void {
  verifyIntegrity(withCurrentUrns(snapshot.resources));
  const { deployment } = parseCheckpoint(checkpointText("demo/dev", snapshot, secrets), "state");
  const read = snapshotFromJson(deployment, secrets);
  verifyIntegrity(read.resources);
  const ids = idsIn(read);
  expect(new Set(ids).size, "an id occurs twice").toBe(ids.length);
}

/**
 * Whatever exists is in the state, or the state says that it was being made, or gave it up on purpose; or it goes with
 * what the state still has.
 */
function expectNothingLost({ stored }: ModelResult, { things, released }: World): void {
  const known = new Set(idsIn(stored));
  const begun = new Set(stored.pendingOperations.map(({ resource }) => resource.urn));
  const isSafe = (id: string): boolean => {
    const thing = things.get(id);
    if (known.has(id) || released.has(id) || id.startsWith(THERE)) return true;
    return thing !== undefined && (begun.has(thing.urn) || isSafe(String(thing.inputs.host)));
  };
  const lost = [...things.keys()].filter((id) => !isSafe(id));
  expect(lost, "exists, and the state doesn't know").toEqual([]);
}

function idsIn({ resources }: Snapshot): string[] {
  const things = resources.filter(({ custom, type }) => custom && type === "test:index:Thing");
  return things
    .filter(({ pendingReplacement }) => !pendingReplacement)
    .map(({ id }) => id)
    .sort();
}

function lastOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

/** As `state unprotect --all`. */
function unprotected({ resources, pendingOperations }: Snapshot): Snapshot {
  return { resources: resources.map((state) => ({ ...state, protect: false })), pendingOperations };
}

/** A state that says of some of its resources that something was being done to them. */
function withLeftOvers({ resources }: Snapshot, leftOvers: readonly LeftOver[]): Snapshot {
  const things = resources.filter(({ custom, type }) => custom && type === "test:index:Thing");
  const pendingOperations = leftOvers.flatMap(({ type, pick }) => {
    const state: ResourceState | undefined = things[pick % Math.max(1, things.length)];
    return state === undefined
      ? []
      : [{ type, resource: type === "creating" ? { ...state, id: "" } : state }];
  });
  return { resources, pendingOperations };
}

function applyDrift(world: World, { kind, pick }: Drift): void {
  const ids = [...world.things.keys()].filter((id) => !id.startsWith(THERE));
  const id = ids[pick % Math.max(1, ids.length)];
  const thing = id === undefined ? undefined : world.things.get(id);
  if (id === undefined || thing === undefined) return;
  if (kind === "gone") world.remove(id);
  else world.things.set(id, { ...thing, inputs: { ...thing.inputs, value: 99 } });
}
