import { setImmediate as turn } from "node:timers/promises";
import { Deployment, RunStopped } from "../../../src/engine/deployment.ts";
import type { RunMode, RunOptions } from "../../../src/engine/deploymentContext.ts";
import { newGoal } from "../../../src/engine/goal.ts";
import {
  type CreateRequest,
  type CreateResponse,
  type DiffRequest,
  type DiffResult,
  NO_DIFF,
  type Provider,
  type ReadResponse,
  type UpdateRequest,
} from "../../../src/engine/providers/provider.ts";
import { ProviderRegistry } from "../../../src/engine/providers/registry.ts";
import type { Snapshot } from "../../../src/engine/snapshot.ts";
import { SnapshotManager } from "../../../src/engine/snapshotManager.ts";
import type { ResourceState } from "../../../src/engine/state.ts";
import { WHOLE_STACK } from "../../../src/engine/targets.ts";
import { nameOfUrn, ROOT_STACK_TYPE } from "../../../src/engine/urn.ts";
import type { PropertyMap } from "../../../src/engine/value.ts";

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
}

export type Program = readonly Part[];

/** What exists: a resource's URN and inputs by its id. */
export class World implements Provider {
  readonly things = new Map<string, { readonly urn: string; readonly inputs: PropertyMap }>();
  /** `<method>:<name>` of calls that fail before they do anything. */
  failures: ReadonlySet<string> = new Set();
  /** The engine that called is gone: nothing new is begun. */
  isAbandoned = false;
  /** Made by a run that was cut off, and in no state: whoever makes it again takes it over. */
  readonly orphans = new Set<string>();
  /** Called after each effect. */
  onEffect: () => void = () => undefined;
  #count = 0;

  async checkConfig({ news }: { news: PropertyMap }) {
    return { inputs: news, failures: [] };
  }
  async diffConfig(): Promise<DiffResult> {
    return NO_DIFF;
  }
  async configure(): Promise<void> {
    await this.#begin("configure", "provider");
  }
  async check({ news }: { news: PropertyMap }) {
    return { inputs: news, failures: [] };
  }
  async diff({ oldInputs, newInputs }: DiffRequest): Promise<DiffResult> {
    const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])];
    const changed = names.filter(
      (name) => JSON.stringify(oldInputs[name]) !== JSON.stringify(newInputs[name]),
    );
    if (changed.length === 0) return NO_DIFF;
    const replaceKeys = changed.filter((name) => name === "key" || name === "source");
    const deleteBeforeReplace = newInputs.isDeletedFirst === true;
    return { ...NO_DIFF, changes: "some", changedKeys: changed, replaceKeys, deleteBeforeReplace };
  }
  async create({ urn, inputs, preview }: CreateRequest): Promise<CreateResponse> {
    await this.#begin("create", nameOfUrn(urn));
    if (preview) return { id: "", outputs: inputs, initErrors: [] };
    const orphan = [...this.orphans].find((made) => this.things.get(made)?.urn === urn);
    const id = orphan ?? `${nameOfUrn(urn)}-${++this.#count}`;
    this.orphans.delete(id);
    this.things.set(id, { urn, inputs });
    this.onEffect();
    await turn();
    return { id, outputs: { ...inputs, made: id }, initErrors: [] };
  }
  async read({ id }: { id: string }): Promise<ReadResponse> {
    const thing = this.things.get(id);
    await this.#begin("read", id.replace(/-\d+$/, ""));
    if (thing === undefined) return { id: "", outputs: {}, inputs: undefined, initErrors: [] };
    return { id, outputs: { ...thing.inputs, made: id }, inputs: thing.inputs, initErrors: [] };
  }
  async update({ urn, id, newInputs, preview }: UpdateRequest) {
    await this.#begin("update", nameOfUrn(urn));
    if (!preview && !this.things.has(id)) throw new Error(`update of '${id}', which is gone`);
    if (!preview) this.things.set(id, { urn, inputs: newInputs });
    if (!preview) this.onEffect();
    await turn();
    return { outputs: { ...newInputs, made: id }, initErrors: [] };
  }
  async delete({ urn, id }: { urn: string; id: string }): Promise<void> {
    await this.#begin("delete", nameOfUrn(urn));
    this.things.delete(id);
    this.onEffect();
    await turn();
  }
  async invoke(): Promise<never> {
    throw new Error("no functions");
  }
  close(): void {
    // Nothing is open.
  }

  async #begin(method: string, name: string): Promise<void> {
    await turn();
    if (this.isAbandoned) await new Promise(() => undefined);
    if (this.failures.has(`${method}:${name}`)) throw new Error(`${method} of '${name}' fails`);
  }
}

export interface ModelRun {
  readonly mode: RunMode;
  readonly preview: boolean;
  readonly base: Snapshot;
  readonly program: Program;
  readonly world: World;
  readonly options?: Pick<RunOptions, "selection" | "continueOnError">;
  /** The run is killed when this save, or this change of the world, is done; counted from 1. */
  readonly killAt?: { readonly after: "save" | "effect"; readonly count: number };
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
  const { base, world } = run;
  world.isAbandoned = false;
  const errors: string[] = [];
  const ops: string[] = [];
  let stored = base;
  const counts = { save: 0, effect: 0 };
  let kill: () => void = () => undefined;
  const killed = new Promise<true>((resolve) => {
    kill = () => resolve(true);
  });
  const reach = (what: keyof typeof counts): void => {
    counts[what]++;
    if (run.killAt?.after !== what || run.killAt.count !== counts[what]) return;
    world.isAbandoned = true;
    kill();
  };
  world.onEffect = () => reach("effect");
  const save = async (snapshot: Snapshot): Promise<void> => {
    await turn();
    if (world.isAbandoned) return await new Promise(() => undefined);
    stored = structuredSnapshot(snapshot);
    run.onSave?.(stored);
    reach("save");
    if (world.isAbandoned) await new Promise(() => undefined);
  };
  const deployment = new Deployment({
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
    snapshots: run.preview ? undefined : new SnapshotManager(base, save),
    observer: {
      before: () => undefined,
      after: (step) => void ops.push(step.found ?? step.op),
      failed: () => undefined,
      point: () => undefined,
    },
  });
  const isKilled = await Promise.race([killed, drive(deployment, run)]);
  // What was begun before the kill ends in the world; nothing of it reaches the state.
  for (let turns = 0; isKilled && turns < 8; turns++) await turn();
  return { stored, errors, ops, isKilled };
}

async function drive(deployment: Deployment, { mode, program }: ModelRun): Promise<false> {
  if (mode === "update") await registerAll(deployment, program);
  await deployment.finish();
  await deployment.idle();
  return false;
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
  const companion = await at(part.replaceWith);
  const inputs: PropertyMap = { value: part.value, key: part.key, isDeletedFirst: part.isDeletedFirst };
  if (source !== undefined) inputs.source = source.id;
  return await deployment.register(
    newGoal({
      type: part.isComponent ? "test:index:Component" : "test:index:Thing",
      name: part.name,
      custom: !part.isComponent,
      properties: part.isComponent ? {} : inputs,
      parent: parent?.urn ?? root,
      provider: part.isComponent ? "" : provider,
      dependencies: [...new Set([...dependencies, ...(source === undefined ? [] : [source.urn])])].sort(),
      propertyDependencies: source === undefined ? {} : { source: [source.urn] },
      replaceWith: companion === undefined || part.isComponent ? [] : [companion.urn],
    }),
  );
}

/** Waits for all; a stop of the run is how the others end after a failure. */
async function settled(made: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(made);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** A copy that later changes of the run don't reach, as a file is. */
function structuredSnapshot({ resources, pendingOperations }: Snapshot): Snapshot {
  const copy = (state: ResourceState): ResourceState => ({
    ...structuredClone({ ...state, serialized: undefined }),
  });
  return {
    resources: resources.map(copy),
    pendingOperations: pendingOperations.map(({ resource, type }) => ({ resource: copy(resource), type })),
  };
}

/**
 * What `deploy/` does before a run: a cut-off create that did happen, by its URN in the world, joins the stack, the
 * others are forgotten.
 */
export function resolvePending({ resources, pendingOperations }: Snapshot, world: World): Snapshot {
  const known = new Set(resources.map(({ id }) => id));
  // Deleted before its replacement, which the next run makes again: the provider knows its own by the name.
  const awaited = new Set(resources.flatMap((state) => (state.pendingReplacement ? [state.urn] : [])));
  const found = pendingOperations.flatMap(({ resource, type }) => {
    if (type !== "creating" || awaited.has(resource.urn)) return [];
    const made = [...world.things].find(([id, { urn }]) => urn === resource.urn && !known.has(id));
    return made === undefined
      ? []
      : [{ ...resource, id: made[0], outputs: { ...made[1].inputs, made: made[0] } }];
  });
  const taken = new Set(found.map(({ id }) => id));
  for (const id of world.things.keys()) if (!known.has(id) && !taken.has(id)) world.orphans.add(id);
  // A replacement stands before what it replaces, and so before all that refers to either.
  const kept = resources.flatMap((state) => {
    const successor = found.find(({ urn }) => urn === state.urn);
    return successor === undefined || state.delete ? [state] : [successor, { ...state, delete: true }];
  });
  return { resources: [...new Set([...kept, ...found])], pendingOperations: [] };
}
