import { setImmediate as turn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
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
import type { Snapshot } from "../../../src/engine/snapshot.ts";
import { dependenciesOf } from "../../../src/engine/state.ts";
import { nameOfUrn } from "../../../src/engine/urn.ts";
import type { PropertyMap } from "../../../src/engine/value.ts";

/** Start of the ids of what was there before any run: imports take it. */
export const THERE = "there-";

/** What exists: a resource's URN and inputs by its id. What is deleted takes what names its id as `host` along. */
export class World implements Provider {
  readonly things = new Map<string, { readonly urn: string; readonly inputs: PropertyMap }>();
  /** `<method>:<name>` of calls that fail before they do anything. */
  failures: ReadonlySet<string> = new Set();
  /** `<method>:<name>` of calls in which the plugin dies, before (`:0`) or after (`:1`) it did them. */
  deaths: ReadonlySet<string> = new Set();
  /** Names of those that are made or changed and not ready. */
  unready: ReadonlySet<string> = new Set();
  /** The plugin died: no call is answered any more. */
  isDead = false;
  /** The engine that called is gone: nothing new is begun. */
  isAbandoned = false;
  /** Made by a run that was cut off, and in no state: whoever makes it again takes it over. */
  readonly orphans = new Set<string>();
  /** Ids that a state gave up without a delete. */
  readonly released = new Set<string>();
  /** Called at the begin of each call, and after each effect. */
  onCall: () => void = () => undefined;
  onEffect: () => void = () => undefined;
  #count = 0;
  #held: Promise<void> | undefined;
  #release: () => void = () => undefined;

  /** From now on no call is answered, until {@link release}. */
  hang(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
    this.#held = undefined;
  }

  async checkConfig({ news }: { news: PropertyMap }) {
    return { inputs: news, failures: [] };
  }
  async diffConfig(): Promise<DiffResult> {
    return NO_DIFF;
  }
  async configure(): Promise<void> {
    await this.#begin("configure", "provider");
  }
  async check({ urn, news }: { urn: string; news: PropertyMap }) {
    await this.#begin("check", nameOfUrn(urn));
    return { inputs: news, failures: [] };
  }
  async diff({ urn, oldInputs, newInputs }: DiffRequest): Promise<DiffResult> {
    await this.#begin("diff", nameOfUrn(urn));
    const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])];
    const changed = names.filter(
      (name) => JSON.stringify(oldInputs[name]) !== JSON.stringify(newInputs[name]),
    );
    if (changed.length === 0) return NO_DIFF;
    const replaceKeys = changed.filter((name) => ["key", "source", "host"].includes(name));
    const deleteBeforeReplace = newInputs.isDeletedFirst === true;
    return { ...NO_DIFF, changes: "some", changedKeys: changed, replaceKeys, deleteBeforeReplace };
  }
  async create({ urn, inputs, preview }: CreateRequest): Promise<CreateResponse> {
    const name = nameOfUrn(urn);
    await this.#begin("create", name);
    if (preview) return { id: "", outputs: inputs, initErrors: [] };
    const orphan = [...this.orphans].find((made) => this.things.get(made)?.urn === urn);
    const id = orphan ?? `${name}-${++this.#count}`;
    this.orphans.delete(id);
    this.things.set(id, { urn, inputs });
    await this.#end("create", name);
    return { id, outputs: { ...inputs, made: id }, initErrors: this.#reasons(name) };
  }
  async read({ id }: { id: string }): Promise<ReadResponse> {
    const thing = this.things.get(id);
    await this.#begin("read", id.replace(/-\d+$/, ""));
    if (thing === undefined) return { id: "", outputs: {}, inputs: undefined, initErrors: [] };
    return { id, outputs: { ...thing.inputs, made: id }, inputs: thing.inputs, initErrors: [] };
  }
  async update({ urn, id, newInputs, preview }: UpdateRequest) {
    const name = nameOfUrn(urn);
    await this.#begin("update", name);
    if (!preview && !this.things.has(id)) throw new Error(`update of '${id}', which is gone`);
    if (!preview) this.things.set(id, { urn, inputs: newInputs });
    if (!preview) await this.#end("update", name);
    return { outputs: { ...newInputs, made: id }, initErrors: preview ? [] : this.#reasons(name) };
  }
  async delete({ urn, id }: { urn: string; id: string }): Promise<void> {
    await this.#begin("delete", nameOfUrn(urn));
    this.remove(id);
    await this.#end("delete", nameOfUrn(urn));
  }
  async invoke(): Promise<never> {
    throw new Error("no functions");
  }
  close(): void {
    // Nothing is open.
  }

  /** It is gone, and so is what was in it. */
  remove(id: string): void {
    this.things.delete(id);
    for (const [other, { inputs }] of [...this.things]) if (inputs.host === id) this.remove(other);
  }

  #reasons(name: string): readonly string[] {
    return this.unready.has(name) ? [`'${name}' is not ready`] : [];
  }

  async #begin(method: string, name: string): Promise<void> {
    await turn();
    this.onCall();
    await this.#held;
    if (this.isAbandoned) await new Promise(() => undefined);
    this.#dieAt(`${method}:${name}:0`);
    if (this.failures.has(`${method}:${name}`)) throw new Error(`${method} of '${name}' fails`);
  }

  async #end(method: string, name: string): Promise<void> {
    this.onEffect();
    await turn();
    await this.#held;
    this.#dieAt(`${method}:${name}:1`);
  }

  #dieAt(moment: string): void {
    this.isDead ||= this.deaths.has(moment);
    if (this.isDead) throw Object.assign(new Error("the plugin died"), { code: status.UNAVAILABLE });
  }
}

/**
 * What `deploy/` does before a run: a cut-off create that did happen, by its URN in the world, joins the stack, the
 * others are forgotten.
 */
export function resolvePending({ resources, pendingOperations }: Snapshot, world: World): Snapshot {
  const known = new Set(resources.map(({ id }) => id));
  // Deleted before its replacement, which the next run makes again: the provider knows its own by the name.
  const awaited = new Set(resources.flatMap((state) => (state.pendingReplacement ? [state.urn] : [])));
  // What was cut off twice is one.
  const begun = [
    ...new Map(pendingOperations.map((each) => [`${each.type} ${each.resource.urn}`, each])).values(),
  ];
  const found = begun.flatMap(({ resource, type }) => {
    // What it needs is gone: nobody can be asked, and whoever makes it again takes it over.
    const isAlone =
      !resources.some(({ urn, id }) => `${urn}::${id}` === resource.provider) ||
      dependenciesOf(resource).some((needed) => !resources.some(({ urn }) => urn === needed));
    if (type !== "creating" || awaited.has(resource.urn) || isAlone) return [];
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
