import { randomUUID } from "node:crypto";
import type { ResourceState } from "../state.ts";
import { packageOfType, providerReference, typeOfUrn } from "../urn.ts";
import { equalMaps, type PropertyMap, UNKNOWN } from "../value.ts";
import type { CheckRequest, CheckResponse, DiffRequest, DiffResult, Provider } from "./provider.ts";

/** Input of a provider resource that only the engine reads. */
export const INTERNAL_KEY = "__internal";

/** Key of an instance that was checked and isn't configured yet. */
const UNCONFIGURED = "unconfigured";

/** A provider resource's inputs as its plugin sees them. */
export function withoutInternal(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== INTERNAL_KEY));
}

/** The provider instances of a run by reference, and the life of provider resources. */
export class ProviderRegistry {
  readonly #load: (pkg: string) => Promise<Provider>;
  readonly #instances = new Map<string, Provider>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #aliases = new Map<string, string>();

  constructor(load: (pkg: string) => Promise<Provider>) {
    this.#load = load;
  }

  get(reference: string): Provider | undefined {
    return this.#instances.get(reference);
  }

  /** Makes references to `alias` find the provider that now has the URN `urn`. */
  registerAlias(urn: string, alias: string): void {
    this.#aliases.set(urn, alias);
  }

  /** Loads the plugin and lets it check its config. */
  async check({ urn, olds, news, preview }: CheckRequest): Promise<CheckResponse> {
    const provider = await this.#load(packageOfType(typeOfUrn(urn)));
    const request = { urn, olds: withoutInternal(olds), news: withoutInternal(news), preview };
    const { inputs, failures } = await provider.checkConfig(request);
    if (failures.length > 0) {
      provider.close();
      return { inputs, failures };
    }
    this.#instances.set(providerReference(urn, UNCONFIGURED), provider);
    const kept = Object.fromEntries(
      ["version", INTERNAL_KEY].flatMap((key) => {
        const value = news[key];
        return value === undefined || (key === "version" && key in inputs) ? [] : [[key, value] as const];
      }),
    );
    return { inputs: { ...inputs, ...kept }, failures };
  }

  async diff(diff: DiffRequest): Promise<DiffResult> {
    const provider =
      this.#instances.get(providerReference(diff.urn, UNCONFIGURED)) ??
      this.#instances.get(providerReference(diff.urn, diff.id));
    if (provider === undefined) throw new Error(`the provider '${diff.urn}' was not checked before its diff`);
    const newInputs = withoutInternal(diff.newInputs);
    const result = await provider.diffConfig({
      ...diff,
      oldInputs: withoutInternal(diff.oldInputs),
      newInputs,
    });
    if (result.changes !== "unknown") return result;
    return { ...result, changes: equalMaps(diff.oldOutputs, newInputs) ? "none" : "some" };
  }

  /** Configures a new provider and gives its id and outputs. */
  async create(
    urn: string,
    inputs: PropertyMap,
    preview: boolean,
  ): Promise<{ id: string; outputs: PropertyMap }> {
    const id = preview ? UNKNOWN : randomUUID();
    await this.#configure(await this.#takeUnconfigured(urn), urn, id, inputs);
    return { id, outputs: withoutInternal(inputs) };
  }

  /** Configures a provider anew, with changed inputs, and gives its outputs. */
  async update(urn: string, id: string, inputs: PropertyMap): Promise<PropertyMap> {
    await this.#configure(await this.#takeUnconfigured(urn), urn, id, inputs);
    return withoutInternal(inputs);
  }

  /** Configures a provider as the state has it; once per reference. */
  async ensure(state: ResourceState): Promise<void> {
    const reference = providerReference(state.urn, state.id);
    if (this.#instances.has(reference)) return;
    const loading = this.#loading.get(reference) ?? this.#loadFromState(state);
    this.#loading.set(reference, loading);
    await loading;
  }

  async #loadFromState(state: ResourceState): Promise<void> {
    await this.#configure(await this.#takeUnconfigured(state.urn), state.urn, state.id, state.inputs);
  }

  async #takeUnconfigured(urn: string): Promise<Provider> {
    const key = providerReference(urn, UNCONFIGURED);
    const checked = this.#instances.get(key);
    this.#instances.delete(key);
    return checked ?? (await this.#load(packageOfType(typeOfUrn(urn))));
  }

  async #configure(provider: Provider, urn: string, id: string, inputs: PropertyMap): Promise<void> {
    await provider.configure(urn, id, withoutInternal(inputs));
    this.#instances.set(providerReference(urn, id), provider);
    const alias = this.#aliases.get(urn);
    if (alias !== undefined) this.#instances.set(providerReference(alias, id), provider);
  }
}
