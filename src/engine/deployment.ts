import { deletionOrder } from "./dependencyGraph.ts";
import { type Reporter, type RunContext, type RunOptions, StepFailure } from "./deploymentContext.ts";
import { Differ } from "./differ.ts";
import { messageOf } from "./errors.ts";
import type { Goal } from "./goal.ts";
import { Importer } from "./importer.ts";
import type { ProviderRegistry } from "./providers/registry.ts";
import { ReplacementPlanner } from "./replacements.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SnapshotManager } from "./snapshotManager.ts";
import { amend, type ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { protectedText } from "./stepActions.ts";
import { StepExecutor, type StepObserver } from "./stepExecutor.ts";
import { type ReadGoal, StepGenerator } from "./stepGenerator.ts";
import { ROOT_STACK_TYPE } from "./urn.ts";
import { equalMaps, type PropertyMap } from "./value.ts";

/** What a program's calls are answered with after the run was stopped; the cause was reported before. */
export const RUN_STOPPED = "the run was stopped before this could be done";

/** A run was stopped: the program gets no further answers. */
export class RunStopped extends Error {
  constructor() {
    super(RUN_STOPPED);
    this.name = "RunStopped";
  }
}

export interface DeploymentParts {
  readonly options: RunOptions;
  readonly base: Snapshot;
  readonly registry: ProviderRegistry;
  readonly report: Reporter;
  /** Undefined in a preview. */
  readonly snapshots: SnapshotManager | undefined;
  readonly observer: StepObserver;
}

/** One run over a stack: takes registrations, decides and does their steps, deletes what is left over. */
export class Deployment {
  readonly context: RunContext;
  readonly #executor: StepExecutor;
  readonly #generator: StepGenerator;
  readonly #importer: Importer;
  readonly #observer: StepObserver;
  readonly #snapshots: SnapshotManager | undefined;
  readonly #planner: ReplacementPlanner;
  /** Resources registered or read in this run. */
  readonly #news = new Map<string, ResourceState>();
  /** The last step of each resource of this run. */
  readonly #steps = new Map<string, Step>();
  /** Outputs that components had before this run. */
  readonly #oldOutputs = new Map<string, PropertyMap>();
  #generating: Promise<unknown> = Promise.resolve();
  #isFailed = false;
  #storeStackOutputs: () => Promise<void> = async () => undefined;
  #finished: Promise<void> | undefined;

  constructor({ options, base, registry, report, snapshots, observer }: DeploymentParts) {
    const olds = new Map(base.resources.filter((state) => !state.delete).map((state) => [state.urn, state]));
    const failing: Reporter = {
      warn: (urn, message) => report.warn(urn, message),
      info: (urn, message) => report.info(urn, message),
      error: (urn, message, cause) => {
        this.#isFailed = true;
        report.error(urn, message, cause);
      },
    };
    this.context = { options, base: base.resources, olds, registry, report: failing };
    this.#executor = new StepExecutor(this.context, snapshots, observer);
    this.#generator = new StepGenerator(this.context);
    this.#importer = new Importer(this.context, snapshots, observer);
    this.#planner = new ReplacementPlanner(this.context, new Differ(this.context));
    this.#snapshots = snapshots;
    this.#observer = observer;
  }

  get isFailed(): boolean {
    return this.#isFailed;
  }

  get isStopped(): boolean {
    return this.#executor.isStopped;
  }

  /** Resolves when the run is stopped. */
  get stopped(): Promise<void> {
    return this.#executor.stopped;
  }

  /** Starts no more steps; those that run finish. */
  stop(): void {
    this.#executor.stop();
  }

  idle(): Promise<void> {
    return this.#executor.idle();
  }

  /** A resource that this run registered or read. */
  resource(urn: string): ResourceState | undefined {
    return this.#news.get(urn);
  }

  /** Brings a resource to its goal and gives its state; throws {@link RunStopped} when the run ends instead. */
  async register(goal: Goal): Promise<ResourceState> {
    return await this.#process(() => this.#generator.register(goal), goal);
  }

  async read(goal: ReadGoal): Promise<ResourceState> {
    return await this.#process(async () => this.#generator.read(goal), undefined);
  }

  async #process(generate: () => Promise<readonly Step[]>, goal: Goal | undefined): Promise<ResourceState> {
    let steps = await this.#generate(generate);
    const imported = steps[0]?.op === "import" ? steps[0] : undefined;
    if (imported !== undefined && goal !== undefined) steps = await this.#import(goal, imported);
    if (imported !== undefined && steps[0]?.op === "same") return this.#known(steps[0].old);
    if (steps[0]?.op === "same" && steps[0].old !== undefined && !steps[0].old.custom) {
      this.#oldOutputs.set(steps[0].urn, steps[0].old.outputs);
    }
    if (!(await this.#executor.run(steps))) await this.#stopped();
    const last = steps.at(-1);
    if (last !== undefined) this.#steps.set(last.urn, last);
    return this.#known(last?.after ?? last?.old);
  }

  #known(state: ResourceState | undefined): ResourceState {
    if (state === undefined) throw new Error("internal: a registration ended without a state");
    this.#news.set(state.urn, state);
    return state;
  }

  /** Decides one at a time: decisions build on each other. */
  async #generate(generate: () => Promise<readonly Step[]>): Promise<readonly Step[]> {
    if (this.isStopped) await this.#stopped();
    const turn = this.#generating.then(generate, generate);
    this.#generating = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      return await this.#fail(error);
    }
  }

  async #import(goal: Goal, step: Step): Promise<readonly Step[]> {
    try {
      const found = await this.#importer.read(goal, step);
      return await this.#generate(() => this.#generator.stepsFromDiff(goal, found.state, found.old));
    } catch (error) {
      return await this.#fail(error);
    }
  }

  /** Reports an error and stops the run. */
  fail(error: unknown): void {
    const isReported = error instanceof StepFailure && error.isReported;
    const urn = error instanceof StepFailure ? error.urn : "";
    if (!isReported) this.context.report.error(urn, messageOf(error), error);
    this.#isFailed = true;
    this.stop();
  }

  async #fail(error: unknown): Promise<never> {
    if (error instanceof RunStopped) throw error;
    this.fail(error);
    return await this.#stopped();
  }

  async #stopped(): Promise<never> {
    await this.idle();
    throw new RunStopped();
  }

  /**
   * Stores the outputs that a component registered. Those of the stack wait for `finish`: a program that fails registers
   * none, and the last good ones must stay, for other stacks read them.
   */
  async registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
    const state = this.#news.get(urn);
    if (state === undefined) throw new Error(`outputs registered for the unknown resource '${urn}'`);
    if (state.type === ROOT_STACK_TYPE) this.#storeStackOutputs = () => this.#store(state, outputs);
    else await this.#store(state, outputs);
  }

  async #store(state: ResourceState, outputs: PropertyMap): Promise<void> {
    const { urn } = state;
    const before = this.#oldOutputs.get(urn) ?? state.outputs;
    amend(state, { outputs });
    if (!equalMaps(before, outputs)) await this.#snapshots?.save();
    const step = this.#steps.get(urn);
    if (step !== undefined) this.#observer.outputs(step);
  }

  /** The program has ended well: deletes what it no longer registers. Once, however often it is called. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    await this.idle();
    if (!this.isStopped && !this.#isFailed) await this.#storeStackOutputs();
    if (this.context.options.mode === "refresh") await this.#refreshRest();
    else await this.#deleteRest();
  }

  async #refreshRest(): Promise<void> {
    await this.idle();
    if (this.isStopped || this.#isFailed) return;
    await Promise.all(this.#generator.refreshes().map((step) => this.#runLeftOver(step)));
    await this.#snapshots?.flushRefresh();
  }

  async #deleteRest(): Promise<void> {
    await this.idle();
    if (this.isStopped || this.#isFailed) return;
    const steps = new Map(
      this.#generator.deletes().map((step) => [step.old as ResourceState, step] as const),
    );
    if (this.#refuseProtected([...steps.values()])) return;
    this.#executor.announceDeletes([...steps.keys()]);
    for (const group of deletionOrder([...steps.keys()])) {
      const chains = group.map((state) => this.#runLeftOver(steps.get(state)));
      await Promise.all(chains);
      if (this.isStopped) return;
    }
  }

  async #runLeftOver(step: Step | undefined): Promise<void> {
    if (step?.old === undefined) return;
    const { options, report } = this.context;
    try {
      const isForgotten = step.op === "remove-pending-replace" || (options.preview && step.op !== "refresh");
      if (!isForgotten) await this.#planner.ensureProvider(step.old);
    } catch (error) {
      report.error(step.urn, messageOf(error), error);
      this.stop();
      return;
    }
    await this.#executor.run([step]);
  }

  /** Refused before anything is deleted, so that a protected resource keeps all that it needs. */
  #refuseProtected(steps: readonly Step[]): boolean {
    const refused = steps.filter(({ op, old }) => op === "delete" && old?.protect);
    for (const { urn } of refused) this.context.report.error(urn, protectedText(urn));
    return refused.length > 0;
  }
}
