import { AliasBook } from "./aliases.ts";
import { type RunContext, StepFailure } from "./deploymentContext.ts";
import { applyReplaceOnChanges, Differ } from "./differ.ts";
import type { Goal } from "./goal.ts";
import { type DiffResult, isReplace, NO_DIFF, replaceDiff } from "./providers/provider.ts";
import { withoutInternal } from "./providers/registry.ts";
import { ReplacementPlanner } from "./replacements.ts";
import { amend, dependenciesOf, newState, type ResourceState } from "./state.ts";
import { deleteStep, newStep, type Step } from "./step.ts";
import { createUrn, isProviderType, parseProviderReference } from "./urn.ts";
import { equalMaps } from "./value.ts";

/** A read of a resource that the program doesn't own. */
export type ReadGoal = Pick<
  Goal,
  "type" | "name" | "parent" | "properties" | "dependencies" | "provider" | "additionalSecretOutputs"
> & { readonly id: string };

/**
 * Decides which steps bring a resource to what the program asks; does none of them. Must be called for one
 * registration at a time.
 */
export class StepGenerator {
  readonly #context: RunContext;
  readonly #aliases: AliasBook;
  readonly #differ: Differ;
  readonly #planner: ReplacementPlanner;
  readonly #registered = new Set<string>();
  /** Those that were decided on, in whatever way. */
  readonly #operated = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Deleted ahead of a replacement: a registration makes them anew. */
  readonly #deleted = new Set<string>();
  readonly #skipped = new Set<string>();
  /** Provider resources of this run by URN. */
  readonly #providers = new Map<string, ResourceState>();
  /** In a destroy that runs the program: what it registered. */
  readonly #condemned: ResourceState[] = [];

  constructor(context: RunContext) {
    this.#context = context;
    this.#aliases = new AliasBook(context);
    this.#differ = new Differ(context);
    this.#planner = new ReplacementPlanner(context, this.#differ);
  }

  /** Steps for a registered resource; the last one's state is what the program gets. */
  async register(goal: Goal): Promise<readonly Step[]> {
    const urn = this.#claim(goal.parent, goal.type, goal.name);
    const { old, alias } = this.#aliases.find(urn, goal, (other) => this.#registered.has(other));
    const state = stateOf(goal, urn, alias, old);
    if (isProviderType(goal.type)) this.#providers.set(urn, state);
    const isUpdate = this.#context.options.mode === "update";
    const steps =
      (isUpdate ? undefined : this.#withoutChange(goal, state, old)) ??
      (await this.#decide(goal, state, old));
    this.#operated.add(urn);
    if (alias !== "") this.#operated.add(alias);
    return steps;
  }

  /** Steps for a resource that is only read. */
  read(goal: ReadGoal): readonly Step[] {
    const urn = this.#claim(goal.parent, goal.type, goal.name);
    const { old } = this.#aliases.find(urn, { ...goal, aliases: [] }, (other) => this.#registered.has(other));
    const { type, id, parent, properties: inputs, dependencies, provider, additionalSecretOutputs } = goal;
    const fields = { id, parent, inputs, dependencies, provider, additionalSecretOutputs };
    const after = newState({ urn, type, custom: true, external: true, ...fields });
    this.#operated.add(urn);
    if (this.#context.options.mode === "destroy") this.#condemned.push(after);
    if (old === undefined || old.external || old.id === id) return [newStep({ op: "read", urn, old, after })];
    this.#replaced.add(urn);
    return [
      newStep({ op: "replace", urn, old, after }),
      newStep({ op: "read-replacement", urn, old, after }),
    ];
  }

  /** Deletes for everything the program no longer registers, in no order. */
  deletes(): readonly Step[] {
    const steps: Step[] = [];
    for (const old of this.#context.base) {
      if (old.delete && !this.#planner.isAlreadyDeleted(old)) steps.push(deleteStep(old, true, false));
      else if (!old.delete && !this.#isOperatedOn(old.urn)) steps.push(deleteStep(old, false, false));
    }
    for (const state of this.#condemned)
      if (!this.#skipped.has(state.urn)) steps.push(deleteStep(state, false, false));
    return steps;
  }

  /** In an update and a destroy, what was skipped counts as not registered. */
  #isOperatedOn(urn: string): boolean {
    return this.#operated.has(this.#aliases.successorOf(urn) ?? urn) && !this.#skipped.has(urn);
  }

  #claim(parent: string, type: string, name: string): string {
    const { stack, project } = this.#context.options;
    if (parent !== "" && !this.#registered.has(parent))
      throw new Error(`could not find parent resource '${parent}'`);
    const urn = createUrn(stack, project, parent, type, name);
    if (this.#registered.has(urn)) {
      throw new StepFailure(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
    }
    this.#registered.add(urn);
    return urn;
  }

  /**
   * In a destroy or refresh the program only tells how things are now: custom resources are neither made nor
   * changed, providers and components are, so that the run has fresh provider configs and `protect`.
   */
  #withoutChange(
    goal: Goal,
    state: ResourceState,
    old: ResourceState | undefined,
  ): readonly Step[] | undefined {
    const { urn } = state;
    const provider = state.provider === "" ? [] : [parseProviderReference(state.provider).urn];
    const isBlocked = [...dependenciesOf(state), ...provider].some((needed) => this.#skipped.has(needed));
    const isOwned = goal.custom && !isProviderType(goal.type);
    if (isBlocked || (isOwned && old === undefined)) {
      this.#skipped.add(urn);
      return [
        newStep({ op: "same", urn, after: { ...state, outputs: old?.outputs ?? {} }, isSkippedCreate: true }),
      ];
    }
    if (this.#context.options.mode === "destroy") this.#condemned.push(state);
    if (!isOwned || old === undefined) return undefined;
    if (this.#context.options.mode === "refresh") return [newStep({ op: "refresh", urn, old, after: old })];
    amend(state, { inputs: old.inputs });
    return [newStep({ op: "same", urn, old, after: state })];
  }

  /** Refreshes of the resources that the program didn't register, or of all without one. */
  refreshes(): readonly Step[] {
    const rest = this.#context.base.filter(({ urn }) => !this.#isOperatedOn(urn));
    return rest.map((old) => newStep({ op: "refresh", urn: old.urn, old, after: old }));
  }

  async #decide(goal: Goal, state: ResourceState, old: ResourceState | undefined): Promise<readonly Step[]> {
    const { urn } = state;
    const isRecreating = this.#deleted.has(urn);
    if (this.#isImport(goal, old)) return [newStep({ op: "import", urn, old, after: state })];
    const isNew = old === undefined || isRecreating || old.external;
    if (goal.custom) {
      const news = isNew
        ? goal.properties
        : this.#differ.resetIgnored(urn, goal.properties, old.inputs, goal.ignoreChanges);
      amend(state, { inputs: await this.#differ.check(state, isNew ? {} : old.inputs, news) });
    }
    if (old !== undefined && isRecreating) return this.#recreate(state, old);
    if (old?.external) return this.#takeOwnership(state, old);
    if (old === undefined) return [newStep({ op: "create", urn, after: state })];
    return await this.stepsFromDiff(goal, state, old);
  }

  #isImport({ custom, importId }: Goal, old: ResourceState | undefined): boolean {
    if (!custom || importId === "") return false;
    return old === undefined || old.external || (old.importId || old.id) !== importId;
  }

  #recreate(state: ResourceState, old: ResourceState): readonly Step[] {
    const { urn } = state;
    this.#deleted.delete(urn);
    this.#replaced.add(urn);
    const keys = this.#planner.keysOf(urn);
    return [
      newStep({ op: "replace", urn, old, after: state, keys }),
      newStep({ op: "create-replacement", urn, old, after: state, keys }),
    ];
  }

  #takeOwnership(state: ResourceState, old: ResourceState): readonly Step[] {
    const { urn } = state;
    return [
      newStep({ op: "create-replacement", urn, old, after: state }),
      newStep({ op: "replace", urn, old, after: state }),
    ];
  }

  /** Same, update or replacement of a resource that is there. */
  async stepsFromDiff(goal: Goal, state: ResourceState, old: ResourceState): Promise<readonly Step[]> {
    const { urn } = state;
    const hasInitErrors = old.initErrors.length > 0;
    const diff = applyReplaceOnChanges(
      await this.#diff(goal, state, old),
      goal.replaceOnChanges,
      hasInitErrors,
    );
    const isChanged = diff.changes === "some" || old.pendingReplacement;
    if (isChanged && (isReplace(diff) || old.pendingReplacement))
      return await this.#replace(goal, state, old, diff);
    if (isChanged || hasInitErrors) {
      amend(state, { id: old.id, created: old.created, modified: old.modified });
      const { changedKeys: diffs, detailedDiff } = diff;
      return [newStep({ op: "update", urn, old, after: state, diffs, detailedDiff })];
    }
    return [newStep({ op: "same", urn, old, after: state })];
  }

  async #diff(goal: Goal, state: ResourceState, old: ResourceState): Promise<DiffResult> {
    if (state.replaceWith.some((urn) => this.#replaced.has(urn))) return replaceDiff("replaceWith");
    if (await this.#isProviderReplaced(state, old)) return replaceDiff("provider");
    if (!goal.custom) return equalMaps(old.inputs, state.inputs) ? NO_DIFF : { ...NO_DIFF, changes: "some" };
    return await this.#differ.diff(
      { ...state, id: old.id },
      {
        oldInputs: old.inputs,
        oldOutputs: old.outputs,
        newInputs: state.inputs,
        ignoreChanges: goal.ignoreChanges,
        preview: this.#context.options.preview,
      },
    );
  }

  /** Another provider replaces a resource only if its config diff says so. */
  async #isProviderReplaced(state: ResourceState, old: ResourceState): Promise<boolean> {
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

  async #replace(
    goal: Goal,
    state: ResourceState,
    old: ResourceState,
    diff: DiffResult,
  ): Promise<readonly Step[]> {
    const { urn } = state;
    if (state.protect && old.protect) this.#planner.refuseReplacement(urn);
    if (goal.importId !== "") this.#planner.refuseImportedReplacement(urn);
    this.#replaced.add(urn);
    if (goal.custom) amend(state, { inputs: await this.#differ.check(state, {}, goal.properties) });
    const { replaceKeys: keys, changedKeys: diffs, detailedDiff } = diff;
    const details = { urn, old, after: state, keys, diffs, detailedDiff };
    const create = newStep({ op: "create-replacement", ...details });
    const replace = newStep({ op: "replace", ...details });
    if (!(goal.deleteBeforeReplace ?? diff.deleteBeforeReplace)) return [create, replace];
    const deletes = await this.#planner.deletesBefore(old, this.#operated);
    for (const step of deletes) this.#deleted.add(step.urn);
    this.#deleted.delete(urn);
    return [...deletes, replace, create];
  }
}

function stateOf(goal: Goal, urn: string, alias: string, old: ResourceState | undefined): ResourceState {
  return newState({
    urn,
    type: goal.type,
    custom: goal.custom,
    inputs: goal.properties,
    parent: goal.parent,
    protect: goal.protect ?? false,
    dependencies: goal.dependencies,
    provider: goal.provider,
    propertyDependencies: goal.propertyDependencies,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    aliases: alias === "" ? [] : [alias],
    customTimeouts: goal.customTimeouts,
    importId: goal.importId,
    retainOnDelete: goal.retainOnDelete ?? false,
    deletedWith: goal.deletedWith,
    replaceWith: goal.replaceWith,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    created: old?.created ?? "",
    modified: old?.modified ?? "",
  });
}
