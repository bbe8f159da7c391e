import { AliasBook } from "./aliases.ts";
import { needsOf } from "./dependencyGraph.ts";
import { type RunContext, StepFailure } from "./deploymentContext.ts";
import { applyReplaceOnChanges, Differ } from "./differ.ts";
import type { Failures } from "./failures.ts";
import { type Goal, stateOf } from "./goal.ts";
import { ProviderChanges } from "./providerChanges.ts";
import { type DiffResult, isReplace, NO_DIFF, replaceDiff } from "./providers/provider.ts";
import { ReplacementPlanner } from "./replacements.ts";
import { amend, newState, type ResourceState } from "./state.ts";
import { deleteStep, newStep, type Step, skippedStep, untargetedStep } from "./step.ts";
import { isProtected } from "./stepActions.ts";
import { Targets } from "./targets.ts";
import { UntargetedResources } from "./untargeted.ts";
import { createUrn, isProviderType } from "./urn.ts";
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
  readonly #targets: Targets;
  readonly #untargeted: UntargetedResources;
  readonly #failures: Failures;
  readonly #registered = new Set<string>();
  /** Those that were decided on, in whatever way. */
  readonly #operated = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Deleted ahead of a replacement: a registration makes them anew. */
  readonly #deleted = new Set<string>();
  /** Registered, and not made in this run. */
  readonly #skipped = new Set<string>();
  readonly #providers: ProviderChanges;
  /** In a destroy that runs the program: what it registered. */
  readonly #condemned: ResourceState[] = [];
  /** In a refresh: those that are read. */
  readonly #refreshed: ReadonlySet<ResourceState>;

  constructor(context: RunContext, failures: Failures) {
    this.#context = context;
    this.#failures = failures;
    this.#targets = new Targets(context.options.selection);
    this.#untargeted = new UntargetedResources(context, this.#targets);
    this.#refreshed = new Set(
      context.options.mode === "refresh" ? this.#targets.refreshed(context.base) : [],
    );
    this.#aliases = new AliasBook(context);
    this.#providers = new ProviderChanges(context, this.#aliases);
    this.#differ = new Differ(context);
    this.#planner = new ReplacementPlanner(context, this.#differ);
  }

  /** Steps for a registered resource; the last one's state is what the program gets. */
  async register(goal: Goal): Promise<readonly Step[]> {
    const urn = this.#claim(goal.parent, goal.type, goal.name);
    const { old, alias } = this.#aliases.find(urn, goal, (other) => this.#registered.has(other));
    const state = stateOf(goal, urn, alias, old);
    if (isProviderType(goal.type)) this.#providers.add(state);
    const isTargeted = this.#targets.includes(state);
    const steps =
      this.#withoutWhatFailed(state, old) ??
      this.#withoutChange(goal, state, old) ??
      (await this.#decide(goal, state, old, isTargeted));
    this.#untargeted.requirePresent(steps);
    this.#operated.add(urn);
    const made = steps.at(-1)?.isSkippedCreate ? undefined : steps.at(-1)?.after;
    if (this.#context.options.mode === "destroy" && made !== undefined) this.#condemned.push(made);
    if (alias !== "") this.#operated.add(alias);
    return steps;
  }

  /** In a run that goes on after failures, nothing is done about a resource that needs one that failed. */
  #withoutWhatFailed(state: ResourceState, old: ResourceState | undefined): readonly Step[] | undefined {
    if (!this.#failures.blocks(state)) return undefined;
    this.#failures.add(state.urn, "skipped", old);
    return [skippedStep(state)];
  }

  /** Steps for a resource that is only read. */
  read(goal: ReadGoal): readonly Step[] {
    const urn = this.#claim(goal.parent, goal.type, goal.name);
    const { old } = this.#aliases.find(urn, { ...goal, aliases: [] }, (other) => this.#registered.has(other));
    const { type, id, parent, properties: inputs, dependencies, provider, additionalSecretOutputs } = goal;
    const fields = { id, parent, inputs, dependencies, provider, additionalSecretOutputs };
    const after = newState({ urn, type, custom: true, external: true, ...fields });
    this.#operated.add(urn);
    const skipped = this.#withoutWhatFailed(after, old);
    if (skipped !== undefined) return skipped;
    const absent = this.#untargeted.leaveRead(after);
    if (absent !== undefined) return [absent];
    if (this.#context.options.mode === "destroy") this.#condemned.push(after);
    if (old === undefined || old.external || old.id === id) return [newStep({ op: "read", urn, old, after })];
    this.#replaced.add(urn);
    return [
      newStep({ op: "replace", urn, old, after }),
      newStep({ op: "read-replacement", urn, old, after }),
    ];
  }

  /** Deletes for everything the program no longer registers and the run is about, in no order; the rest stays as it is. */
  leftOver(): readonly Step[] {
    const deletable = this.#targets.deletable(this.#context.base);
    const steps: Step[] = [];
    for (const old of this.#context.base) {
      if (old.delete ? this.#planner.isAlreadyDeleted(old) : this.#isOperatedOn(old.urn)) continue;
      if (deletable.has(old.urn)) steps.push(deleteStep(old, old.delete, false));
      else if (!old.delete) steps.push(untargetedStep(old));
    }
    const condemned = this.#condemned.filter(({ urn }) => deletable.has(urn));
    return [...steps, ...condemned.map((state) => deleteStep(state, false, false))];
  }

  /** Tells why not all of these deletes may be done; false when they may. */
  refusesDeletes(deletes: readonly Step[]): boolean {
    return this.#untargeted.refuseDeletes(deletes);
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
    if (this.#context.options.mode === "update") return undefined;
    const isBlocked = needsOf(state).some((needed) => this.#skipped.has(needed));
    const isOwned = goal.custom && !isProviderType(goal.type);
    if (isBlocked || (isOwned && old === undefined)) {
      this.#skipped.add(urn);
      return [skippedStep({ ...state, outputs: old?.outputs ?? {} })];
    }
    if (!isOwned || old === undefined) return undefined;
    if (this.#context.options.mode === "refresh") return [this.#refreshStep(old)];
    amend(state, { inputs: old.inputs });
    return [newStep({ op: "same", urn, old, after: state })];
  }

  #refreshStep(old: ResourceState): Step {
    if (!this.#refreshed.has(old)) return untargetedStep(old);
    return newStep({ op: "refresh", urn: old.urn, old, after: old });
  }

  /** Refreshes of the resources that the program didn't register, or of all without one. */
  refreshes(): readonly Step[] {
    const rest = [...this.#refreshed].filter(({ urn }) => !this.#isOperatedOn(urn));
    return rest.map((old) => this.#refreshStep(old));
  }

  async #decide(
    goal: Goal,
    state: ResourceState,
    old: ResourceState | undefined,
    isTargeted: boolean,
  ): Promise<readonly Step[]> {
    const { urn } = state;
    const isRecreating = this.#deleted.has(urn);
    if (!isTargeted && !isRecreating) return this.#leave(state, old);
    if (this.#isImport(goal, old)) return [newStep({ op: "import", urn, old, after: state })];
    const isNew = old === undefined || isRecreating || old.external || this.#targets.isReplaced(urn);
    if (!isTargeted && old !== undefined) amend(state, { inputs: old.inputs });
    else if (goal.custom) {
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

  #leave(state: ResourceState, old: ResourceState | undefined): readonly Step[] {
    if (old === undefined) this.#skipped.add(state.urn);
    else this.#registered.add(old.urn);
    return [this.#untargeted.leave(state, old)];
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
    if (this.#targets.isReplaced(state.urn)) return replaceDiff("id");
    if (state.replaceWith.some((urn) => this.#replaced.has(urn))) return replaceDiff("replaceWith");
    if (await this.#providers.areReplaced(state, old)) return replaceDiff("provider");
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

  async #replace(
    goal: Goal,
    state: ResourceState,
    old: ResourceState,
    diff: DiffResult,
  ): Promise<readonly Step[]> {
    const { urn } = state;
    if (isProtected(state, this.#context.options) && old.protect) this.#planner.refuseReplacement(urn);
    if (goal.importId !== "") this.#planner.refuseImportedReplacement(urn);
    this.#replaced.add(urn);
    const isChecked = !goal.custom || this.#targets.isReplaced(urn);
    if (!isChecked) amend(state, { inputs: await this.#differ.check(state, {}, goal.properties) });
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
