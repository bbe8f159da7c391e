import { type RunContext, StepFailure } from "./deploymentContext.ts";
import type { Goal } from "./goal.ts";
import type { SnapshotManager } from "./snapshotManager.ts";
import { amend, newState, type ResourceState } from "./state.ts";
import { newStep, type Step } from "./step.ts";
import type { StepObserver } from "./stepExecutor.ts";

/** Takes existing resources into the stack (`import` option). */
export class Importer {
  readonly #context: RunContext;
  readonly #snapshots: SnapshotManager | undefined;
  readonly #observer: StepObserver;

  constructor(context: RunContext, snapshots: SnapshotManager | undefined, observer: StepObserver) {
    this.#context = context;
    this.#snapshots = snapshots;
    this.#observer = observer;
  }

  /**
   * Reads the resource and stores it as it is; `old` is what was found, `state` what the program wants of it.
   * The caller goes on as if it had been in the stack before.
   */
  async read(
    goal: Goal,
    step: Step,
  ): Promise<{ readonly state: ResourceState; readonly old: ResourceState }> {
    const state = step.after;
    if (state === undefined) throw new Error("internal: an import without a state");
    if (step.old !== undefined && !step.old.external) {
      throw new StepFailure(
        step.urn,
        `'${step.urn}' exists with another ID; importing over it is not supported`,
      );
    }
    const found = await this.#find(goal, state);
    const importStep = newStep({ op: "import", urn: step.urn, old: step.old, after: found });
    this.#observer.before(importStep);
    await this.#snapshots?.end(importStep, true);
    this.#observer.after(importStep);
    return { state, old: found };
  }

  async #find(goal: Goal, state: ResourceState): Promise<ResourceState> {
    const { urn } = state;
    const provider = this.#context.registry.get(state.provider);
    if (provider === undefined) throw new StepFailure(urn, `unknown provider '${state.provider}'`);
    const timeoutSeconds = goal.customTimeouts.read;
    const read = await provider.read({ urn, id: goal.importId, inputs: {}, outputs: {}, timeoutSeconds });
    if (read.id === "") throw new StepFailure(urn, `resource '${goal.importId}' does not exist`);
    const now = new Date().toISOString();
    const { outputs, initErrors } = read;
    const inputs = read.inputs ?? read.outputs;
    const found = newState({
      ...state,
      id: read.id,
      inputs,
      outputs,
      initErrors,
      created: now,
      modified: now,
    });
    const { inputs: checked } = await provider.check({
      urn,
      olds: inputs,
      news: goal.properties,
      preview: this.#context.options.preview,
    });
    amend(state, { inputs: checked, id: read.id, created: now, modified: now });
    return found;
  }
}
