import type { AliasBook } from "./aliases.ts";
import type { RunContext } from "./deploymentContext.ts";
import { isReplace } from "./providers/provider.ts";
import { withoutInternal } from "./providers/registry.ts";
import type { ResourceState } from "./state.ts";
import { parseProviderReference } from "./urn.ts";

/** Knows the provider resources of a run, and whether another one means another resource. */
export class ProviderChanges {
  readonly #context: RunContext;
  readonly #aliases: AliasBook;
  /** By URN. */
  readonly #providers = new Map<string, ResourceState>();

  constructor(context: RunContext, aliases: AliasBook) {
    this.#context = context;
    this.#aliases = aliases;
  }

  /** Notes a provider that the program registered. */
  add(provider: ResourceState): void {
    this.#providers.set(provider.urn, provider);
  }

  /** Whether a resource must be replaced for its provider: only if the provider's config diff says so. */
  async areReplaced(state: ResourceState, old: ResourceState): Promise<boolean> {
    if (old.provider === state.provider) return false;
    if (old.provider === "" || state.provider === "") return true;
    const [before, after] = [parseProviderReference(old.provider), parseProviderReference(state.provider)];
    if (this.#aliases.successorOf(before.urn) === after.urn) return false;
    const [oldState, newProvider] = [this.#context.olds.get(before.urn), this.#providers.get(after.urn)];
    const provider = this.#context.registry.get(state.provider);
    if (oldState === undefined || newProvider === undefined || provider === undefined) return true;
    const diff = await provider.diffConfig({
      urn: after.urn,
      id: before.id,
      oldInputs: withoutInternal(oldState.inputs),
      oldOutputs: oldState.outputs,
      newInputs: withoutInternal(newProvider.inputs),
      ignoreChanges: [],
      preview: this.#context.options.preview,
    });
    return isReplace(diff);
  }
}
