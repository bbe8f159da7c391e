import { setImmediate as turn } from "node:timers/promises";
import { withCurrentUrns } from "../../../src/engine/checkpoint.ts";
import { Deployment, RunStopped } from "../../../src/engine/deployment.ts";
import type { RunMode, RunOptions } from "../../../src/engine/deploymentContext.ts";
import { type AliasSpec, newGoal } from "../../../src/engine/goal.ts";
import { ProviderRegistry } from "../../../src/engine/providers/registry.ts";
import { SaveGate } from "../../../src/engine/saveGate.ts";
import type { Snapshot } from "../../../src/engine/snapshot.ts";
import { SnapshotManager } from "../../../src/engine/snapshotManager.ts";
import type { ResourceState } from "../../../src/engine/state.ts";
import { WHOLE_STACK } from "../../../src/engine/targets.ts";
import { ROOT_STACK_TYPE } from "../../../src/engine/urn.ts";
import { Computed, type PropertyMap, Secret, UNKNOWN } from "../../../src/engine/value.ts";
import { THERE, type World } from "./world.ts";

/** One resource of a model program; numbers name earlier resources of it. */
export interface Part {
  readonly name: string;
  readonly isComponent: boolean;
  /** Changing it updates. */
  readonly value: number;
  /** Changing it replaces. */
  readonly key: number;
  /** Whether a replacement deletes first. */
  readonly isDeletedFirst: boolean;
  readonly parent: number | undefined;
  readonly dependsOn: readonly number[];
  /** An earlier resource whose id is an input. */
  readonly source: number | undefined;
  readonly replaceWith: number | undefined;
  /** An earlier resource that takes this one along when it is deleted. */
  readonly deletedWith: number | undefined;
  readonly isProtected: boolean;
  readonly isRetained: boolean;
  /** Whether its value is a secret. */
  readonly isSecret: boolean;
  /** The name it had before. */
  readonly was: string | undefined;
  /** Whether it was there before and is taken over. */
  readonly isImported: boolean;
}

export type Program = readonly Part[];

/** A resource with no options. */
export function plainPart(name: string): Part {
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
    deletedWith: undefined,
    isProtected: false,
    isRetained: false,
    isSecret: false,
    was: undefined,
    isImported: false,
  };
}

/**
 * When and how a run is cut short: at this call, change of the world or save, counted from 1. It is killed, told to
 * stop, or told to stop while its providers hang.
 */
export interface Stop {
  readonly at: "call" | "effect" | "save";
  readonly count: number;
  readonly how: "kill" | "stop" | "giveUp";
}

export interface ModelRun {
  readonly mode: RunMode;
  readonly preview: boolean;
  readonly base: Snapshot;
  readonly program: Program;
  readonly world: World;
  readonly options?: Pick<RunOptions, "selection" | "continueOnError">;
  readonly stopAt?: Stop;
  /** So many saves succeed, then the disk is full. */
  readonly roomFor?: number;
  /** Runs with every state that was stored, at the moment it is. */
  readonly onSave?: (snapshot: Snapshot) => void;
}

export interface ModelResult {
  /** The state on disk. */
  readonly stored: Snapshot;
  readonly errors: readonly string[];
  readonly ops: readonly string[];
  readonly isKilled: boolean;
}

export const EMPTY: Snapshot = { resources: [], pendingOperations: [] };
const PROVIDER_TYPE = "pulumi:providers:test";

/** Runs a program on the engine's own parts, without an SDK, until it ends or is killed. */
export async function runModel(run: ModelRun): Promise<ModelResult> {
  const { world } = run;
  const base = copyOf(run.base);
  world.isAbandoned = world.isDead = false;
  const errors: string[] = [];
  const ops: string[] = [];
  let stored = base;
  let saves = 0;
  const counts = { call: 0, save: 0, effect: 0 };
  let kill: () => void = () => undefined;
  const killed = new Promise<true>((resolve) => {
    kill = () => resolve(true);
  });
  const reach = (what: keyof typeof counts): void => {
    counts[what]++;
    const { at, count, how } = run.stopAt ?? {};
    if (at !== what || count !== counts[what]) return;
    if (how === "kill") {
      world.isAbandoned = true;
      kill();
    } else deployment.stop();
    if (how !== "giveUp") return;
    world.hang();
    setImmediate(() => setImmediate(() => deployment.giveUp()));
  };
  world.onCall = () => reach("call");
  world.onEffect = () => reach("effect");
  const gate = new SaveGate(async (snapshot) => {
    await turn();
    if (world.isAbandoned) return await new Promise(() => undefined);
    if (++saves > (run.roomFor ?? Number.POSITIVE_INFINITY)) throw new Error("no space left on device");
    stored = copyOf(snapshot);
    run.onSave?.(stored);
    reach("save");
    if (world.isAbandoned) await new Promise(() => undefined);
  });
  const deployment: Deployment = new Deployment({
    options: {
      project: "demo",
      stack: "dev",
      preview: run.preview,
      mode: run.mode,
      parallel: 8,
      config: new Map(),
      ...{ selection: WHOLE_STACK, continueOnError: false, ignoreProtect: false },
      ...run.options,
    },
    base,
    registry: new ProviderRegistry(async () => world),
    report: { error: (_urn, text) => void errors.push(text), warn: () => undefined, info: () => undefined },
    snapshots: run.preview ? undefined : new SnapshotManager(base, gate.save),
    observer: {
      before: () => undefined,
      after: (step) => void ops.push(step.found ?? step.op),
      failed: () => undefined,
      outputs: () => undefined,
      point: () => undefined,
    },
  });
  const isKilled = await Promise.race([killed, drive(deployment, run, errors)]);
  if (!isKilled) await gate.close();
  world.release();
  // What was begun ends in the world, now or later; nothing more of it reaches the state.
  for (let turns = 0; (isKilled || run.stopAt !== undefined) && turns < 8; turns++) await turn();
  return { stored, errors, ops, isKilled };
}

/** As `workUntilStopped` does it. */
async function drive(deployment: Deployment, run: ModelRun, errors: string[]): Promise<false> {
  try {
    await Promise.race([work(deployment, run), deployment.givenUp]);
  } catch (error) {
    errors.push(String(error));
  }
  await deployment.idle();
  return false;
}

async function work(deployment: Deployment, { mode, program }: ModelRun): Promise<void> {
  if (mode === "update") await registerAll(deployment, program);
  await deployment.finish();
}

/** Registers each resource as soon as those it names are there, as an SDK does. */
async function registerAll(deployment: Deployment, program: Program): Promise<void> {
  try {
    const root = await deployment.register(
      newGoal({ type: ROOT_STACK_TYPE, name: "demo-dev", custom: false, properties: {} }),
    );
    const goal = newGoal({ type: PROVIDER_TYPE, name: "p", custom: true, properties: {}, parent: root.urn });
    const provider = await deployment.register(goal);
    const made: Promise<ResourceState>[] = [];
    for (const part of program) made.push(register(deployment, part, made, root.urn, referenceOf(provider)));
    await settled(made);
  } catch (error) {
    if (!(error instanceof RunStopped)) throw error;
  }
}

function referenceOf({ urn, id }: ResourceState): string {
  return `${urn}::${id}`;
}

async function register(
  deployment: Deployment,
  part: Part,
  made: readonly Promise<ResourceState>[],
  root: string,
  provider: string,
): Promise<ResourceState> {
  const at = async (index: number | undefined): Promise<ResourceState | undefined> =>
    index === undefined ? undefined : await made[index];
  const parent = await at(part.parent);
  const dependencies = await Promise.all(part.dependsOn.map(async (index) => (await at(index))?.urn ?? ""));
  const source = await at(part.source);
  const host = await at(part.deletedWith);
  const companions = [await at(part.replaceWith), host].flatMap((state) =>
    state === undefined ? [] : [state.urn],
  );
  const inputs = inputsOf(part, source, host);
  const needed = [source, host].flatMap((state) => (state === undefined ? [] : [state.urn]));
  return await deployment.register(
    newGoal({
      type: part.isComponent ? "test:index:Component" : "test:index:Thing",
      name: part.name,
      custom: !part.isComponent,
      properties: part.isComponent ? {} : inputs,
      parent: parent?.urn ?? root,
      provider: part.isComponent ? "" : provider,
      dependencies: [...new Set([...dependencies, ...needed])].sort(),
      propertyDependencies: {
        ...(source === undefined ? {} : { source: [source.urn] }),
        ...(host === undefined ? {} : { host: [host.urn] }),
      },
      replaceWith: part.isComponent ? [] : [...new Set(companions)],
      deletedWith: host?.urn ?? "",
      protect: part.isProtected,
      retainOnDelete: part.isRetained,
      importId: part.isImported ? THERE + part.name : "",
      aliases: part.was === undefined ? [] : [{ ...NO_ALIAS, name: part.was }],
    }),
  );
}

const NO_ALIAS: AliasSpec = {
  urn: "",
  name: "",
  type: "",
  stack: "",
  project: "",
  parent: "",
  noParent: false,
};

/** What a part of a program asks for; what isn't made yet has no id. */
export function inputsOf(part: Part, source?: ResourceState, host?: ResourceState): PropertyMap {
  const idOf = ({ id }: ResourceState) => (id === "" || id === UNKNOWN ? new Computed() : id);
  return {
    value: part.isSecret ? new Secret(part.value) : part.value,
    key: part.key,
    isDeletedFirst: part.isDeletedFirst,
    ...(source === undefined ? {} : { source: idOf(source) }),
    ...(host === undefined ? {} : { host: idOf(host) }),
  };
}

/** Waits for all; a stop of the run is how the others end after a failure. */
async function settled(made: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(made);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** What a file would hold: later changes of the run don't reach it, and it knows no aliases. */
function copyOf({ resources, pendingOperations }: Snapshot): Snapshot {
  const copy = (state: ResourceState): ResourceState => ({
    ...state,
    inputs: { ...state.inputs },
    outputs: { ...state.outputs },
    aliases: [],
    serialized: undefined,
  });
  return {
    resources: withCurrentUrns(resources).map(copy),
    pendingOperations: pendingOperations.map(({ resource, type }) => ({ resource: copy(resource), type })),
  };
}
