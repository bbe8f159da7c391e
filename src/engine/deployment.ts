import { type Reporter, type RunContext, type RunOptions, StepFailure } from "./deploymentContext.ts";
import { messageOf } from "./errors.ts";
import { Failures, type Result } from "./failures.ts";
import type { Goal } from "./goal.ts";
import { Importer } from "./importer.ts";
import { LeftOvers } from "./leftOvers.ts";
import type { ProviderRegistry } from "./providers/registry.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SnapshotManager } from "./snapshotManager.ts";
import { amend, type ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { StepExecutor, type StepObserver } from "./stepExecutor.ts";
import { type ReadGoal, StepGenerator } from "./stepGenerator.ts";
import { unknownTargets } from "./targets.ts";
import { ROOT_STACK_TYPE } from "./urn.ts";
import { containsUnknowns, equalMaps, type PropertyMap } from "./value.ts";

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
  readonly #leftOvers: LeftOvers;
  readonly #failures = new Failures();
  /** URNs of what the program registered and the run leaves unmade. */
  readonly #absent = new Set<string>();
  /** Resources registered or read in this run. */
  readonly #news = new Map<string, ResourceState>();
  /** The last step of each resource of this run. */
  readonly #steps = new Map<string, Step>();
  /** Outputs that components had before this run. */
  readonly #oldOutputs = new Map<string, PropertyMap>();
  #generating: Promise<unknown> = Promise.resolve();
  #isFailed = false;
  #stackOutputs: readonly [stack: ResourceState, outputs: PropertyMap] | undefined;
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
    this.#generator = new StepGenerator(this.context, this.#failures);
    this.#importer = new Importer(this.context, snapshots, observer);
    this.#leftOvers = new LeftOvers(this.context, this.#generator, this.#executor, this.#failures);
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

  /** Resolves when calls that still run are given up. */
  get givenUp(): Promise<void> {
    return this.#executor.givenUp;
  }

  /** Waits no longer for providers' calls: see {@link StepExecutor.giveUp}. */
  giveUp(): void {
    this.#executor.giveUp();
  }

  expectCancellation(): void {
    this.#executor.expectCancellation();
  }

  /** Steps of which nobody knows whether they took effect. */
  get unfinished(): readonly Step[] {
    return this.#executor.unfinished;
  }

  idle(): Promise<void> {
    return this.#executor.idle();
  }

  /** A resource that this run registered or read. */
  resource(urn: string): ResourceState | undefined {
    return this.#news.get(urn);
  }

  /** Must come before the program's first registration; false, and told, when it asks to replace what isn't there. */
  begin(): boolean {
    const { mode, selection } = this.context.options;
    return mode !== "update" || this.#requireKnown(selection.replaces);
  }

  /** Brings a resource to its goal and gives its state; throws {@link RunStopped} when the run ends instead. */
  async register(goal: Goal): Promise<ResourceState> {
    return await this.#process(() => this.#generator.register(goal), goal);
  }

  async read(goal: ReadGoal): Promise<ResourceState> {
    return await this.#process(async () => this.#generator.read(goal), undefined);
  }

  /** How a registration or read of this run ended. */
  resultOf(urn: string): Result {
    return this.#failures.resultOf(urn);
  }

  async #process(generate: () => Promise<readonly Step[]>, goal: Goal | undefined): Promise<ResourceState> {
    let steps = await this.#generate(generate);
    const imported = steps[0]?.op === "import" ? steps[0] : undefined;
    if (imported !== undefined && goal !== undefined) steps = await this.#import(goal, imported);
    if (imported !== undefined && steps[0]?.op === "same") return this.#known(steps[0].old);
    if (steps[0]?.op === "same" && steps[0].old !== undefined && !steps[0].old.custom) {
      this.#oldOutputs.set(steps[0].urn, steps[0].old.outputs);
    }
    const last = steps.at(-1);
    if (last !== undefined) this.#steps.set(last.urn, last);
    if (last?.isSkippedCreate) this.#absent.add(last.urn);
    if (last !== undefined && this.resultOf(last.urn) === "success") await this.#run(steps, last);
    return this.#known(last?.after ?? last?.old);
  }

  async #run(steps: readonly Step[], last: Step): Promise<void> {
    const result = await this.#executor.run(steps);
    if (result.outcome === "stopped") await this.#stopped();
    if (result.outcome !== "failed") return;
    for (const { urn, old } of [last, result.step]) this.#failures.add(urn, "failed", old);
  }

  #known(state: ResourceState | undefined): ResourceState {
    if (state === undefined) throw new Error("internal: a registration ended without a state");
    this.#news.set(state.urn, state);
    return state;
  }

  /** Decides one at a time: decisions build on each other. */
  async #generate(generate: () => Promise<readonly Step[]>): Promise<readonly Step[]> {
    if (this.isStopped) await this.#stopped();
    const decide = async (): Promise<readonly Step[]> => {
      const steps = await generate();
      this.#executor.announce(steps);
      return steps;
    };
    const turn = this.#generating.then(decide, decide);
    this.#generating = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      return await this.#fail(error);
    }
  }

  async #import(goal: Goal, step: Step): Promise<readonly Step[]> {
    const read = this.#importer.read(goal, step);
    const found = await read.catch((error: unknown) => this.#failImport(step, error));
    if (found === undefined) return [step];
    return await this.#generate(() => this.#generator.stepsFromDiff(goal, found.state, found.old));
  }

  async #failImport(step: Step, error: unknown): Promise<undefined> {
    if (!this.context.options.continueOnError) return await this.#fail(error);
    this.context.report.error(step.urn, messageOf(error), error);
    this.#failures.add(step.urn, "failed", step.old);
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
    if (this.#absent.has(urn) || this.resultOf(urn) !== "success") return;
    if (state.type === ROOT_STACK_TYPE) this.#stackOutputs = [state, outputs];
    else await this.#store(state, outputs);
  }

  /** Those that a run with failures doesn't know stay as they were. */
  async #storeStackOutputs(): Promise<void> {
    if (this.isStopped || this.#stackOutputs === undefined) return;
    const [state, outputs] = this.#stackOutputs;
    if (!this.#isFailed) return await this.#store(state, outputs);
    const known = Object.entries(outputs).filter(([, value]) => !containsUnknowns(value));
    const before = this.#oldOutputs.get(state.urn) ?? state.outputs;
    await this.#store(state, { ...before, ...Object.fromEntries(known) });
  }

  async #store(state: ResourceState, outputs: PropertyMap): Promise<void> {
    const { urn } = state;
    const before = this.#oldOutputs.get(urn) ?? state.outputs;
    amend(state, { outputs });
    if (!equalMaps(before, outputs)) await this.#snapshots?.save();
    const step = this.#steps.get(urn);
    if (step !== undefined) this.#observer.outputs?.(step);
  }

  /** The program has ended well: deletes what it no longer registers. Once, however often it is called. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    await this.idle();
    await this.#storeStackOutputs();
    await this.idle();
    if (this.isStopped) return;
    const { mode, selection } = this.context.options;
    if (mode !== "refresh") {
      this.#requireKnown(selection.targets);
      await this.#leftOvers.delete();
    } else if (this.#requireKnown([...selection.targets, ...selection.excludes]) && !this.#isFailed) {
      await this.#leftOvers.refresh();
      await this.#snapshots?.flushRefresh();
    }
  }

  /** Reports each of these URNs that names no resource of the stack or program; false when there is one. */
  #requireKnown(urns: readonly string[]): boolean {
    const known = new Set(this.context.base.map(({ urn }) => urn));
    const unknown = unknownTargets(urns, (urn) => known.has(urn) || this.#news.has(urn));
    for (const message of unknown) this.context.report.error("", message);
    return unknown.length === 0;
  }
}
