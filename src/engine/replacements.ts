import { dependentsOf } from "./dependencyGraph.ts";
import { type RunContext, StepFailure } from "./deploymentContext.ts";
import { applyReplaceOnChanges, type Differ } from "./differ.ts";
import { isReplace } from "./providers/provider.ts";
import type { ResourceState } from "./state.ts";
import { deleteStep, type Step } from "./step.ts";
import { isProtected } from "./stepActions.ts";
import { isProviderType, parseProviderReference } from "./urn.ts";
import { Computed, type PropertyMap } from "./value.ts";

interface Dependent {
  readonly state: ResourceState;
  readonly keys: readonly string[];
}

/** Plans deletes that must come before a replacement, and refuses those of protected resources. */
export class ReplacementPlanner {
  readonly #context: RunContext;
  readonly #differ: Differ;
  readonly #deleted = new Set<ResourceState>();
  readonly #keys = new Map<string, readonly string[]>();

  constructor(context: RunContext, differ: Differ) {
    this.#context = context;
    this.#differ = differ;
  }

  isAlreadyDeleted(state: ResourceState): boolean {
    return this.#deleted.has(state);
  }

  /** Properties because of which a dependent is replaced. */
  keysOf(urn: string): readonly string[] {
    return this.#keys.get(urn) ?? [];
  }

  /** An error in an update; in a preview the plan goes on so that the user sees what caused it. */
  refuseReplacement(urn: string): void {
    const message = `unable to replace resource '${urn}' as it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``;
    this.#context.report.error(urn, message);
    if (!this.#context.options.preview) throw new StepFailure(urn, message, { isReported: true });
  }

  refuseImportedReplacement(urn: string): void {
    const message = `previously-imported resources that still specify an ID may not be replaced; remove the 'import' option of '${urn}' from your program`;
    if (!this.#context.options.preview) throw new StepFailure(urn, message);
    this.#context.report.warn(urn, message);
  }

  /** Deletes of `old` and of all that would be replaced with it, dependents first. */
  async deletesBefore(old: ResourceState, operated: ReadonlySet<string>): Promise<readonly Step[]> {
    const dependents = await this.#dependentReplacements(old, operated);
    const steps: Step[] = [];
    for (const { state, keys } of [...dependents].reverse()) {
      if (this.#deleted.has(state)) continue;
      if (isProtected(state, this.#context.options)) this.#refuseDependent(state, old.urn);
      this.#keys.set(state.urn, keys);
      this.#deleted.add(state);
      await this.ensureProvider(state);
      steps.push(deleteStep(state, true, !state.delete));
    }
    await this.ensureProvider(old);
    if (!old.pendingReplacement) {
      this.#deleted.add(old);
      steps.push(deleteStep(old, true, true));
    }
    return steps;
  }

  /** Configures a resource's provider as the state has it. */
  async ensureProvider({ provider }: ResourceState): Promise<void> {
    if (provider === "" || this.#context.registry.get(provider) !== undefined) return;
    const state = this.#context.base.find(({ urn, id }) => `${urn}::${id}` === provider);
    if (state === undefined) throw new Error(`the state has no provider '${provider}'`);
    await this.#context.registry.ensure(state);
  }

  #refuseDependent(state: ResourceState, root: string): never {
    throw new StepFailure(
      state.urn,
      `unable to replace resource '${state.urn}' as part of replacing '${root}' as it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``,
    );
  }

  async #dependentReplacements(
    root: ResourceState,
    operated: ReadonlySet<string>,
  ): Promise<readonly Dependent[]> {
    const replaced = new Set([root.urn]);
    const dependents: Dependent[] = [];
    for (const state of dependentsOf(this.#context.base, root, operated)) {
      const keys = await this.#replaceKeys(state, replaced);
      if (keys === undefined) continue;
      replaced.add(state.urn);
      dependents.push({ state, keys });
    }
    return dependents;
  }

  /** Why a dependent must be replaced when those in `replaced` are; undefined when it need not. */
  async #replaceKeys(
    state: ResourceState,
    replaced: ReadonlySet<string>,
  ): Promise<readonly string[] | undefined> {
    if (!state.custom || state.external) return undefined;
    if (state.provider !== "" && replaced.has(parseProviderReference(state.provider).urn)) return [];
    if (state.replaceWith.some((urn) => replaced.has(urn))) return [];
    const inputs = withUnknowns(state, replaced);
    if (inputs === undefined) return undefined;
    if (isProviderType(state.type)) await this.#context.registry.ensure(state);
    else await this.ensureProvider(state);
    const diff = await this.#differ.diff(state, {
      oldInputs: state.inputs,
      oldOutputs: state.outputs,
      newInputs: inputs,
      ignoreChanges: state.ignoreChanges,
      preview: true,
    });
    const applied = applyReplaceOnChanges(diff, state.replaceOnChanges, false);
    return isReplace(applied) ? applied.replaceKeys : undefined;
  }
}

/** Inputs in which everything that comes from a replaced resource is unknown; undefined when nothing does. */
function withUnknowns(state: ResourceState, replaced: ReadonlySet<string>): PropertyMap | undefined {
  const isAffected = (key: string): boolean =>
    (state.propertyDependencies[key] ?? []).some((urn) => replaced.has(urn));
  if (!Object.keys(state.inputs).some(isAffected)) return undefined;
  return Object.fromEntries(
    Object.entries(state.inputs).map(([key, value]) => [key, isAffected(key) ? new Computed() : value]),
  );
}
