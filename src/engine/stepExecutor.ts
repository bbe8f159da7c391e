import { status } from "@grpc/grpc-js";
import type { RunContext } from "./deploymentContext.ts";
import { StepFailure } from "./deploymentContext.ts";
import { messageOf } from "./errors.ts";
import type { SnapshotManager } from "./snapshotManager.ts";
import type { ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { StepActions } from "./stepActions.ts";
import { nameOfUrn, typeOfUrn } from "./urn.ts";

/** Watches steps: events, counts, kill points. */
export interface StepObserver {
  before(step: Step): void;
  after(step: Step): void;
  failed(step: Step): void;
  /** The program gave the outputs of a component that the step was about. */
  outputs(step: Step): void;
  /** A named moment around a provider's call; may end the process. */
  point(name: string): void;
}

/** Does steps, several at a time, and stores each step's intent before and its outcome after. */
export class StepExecutor {
  readonly #context: RunContext;
  readonly #actions: StepActions;
  readonly #snapshots: SnapshotManager | undefined;
  readonly #observer: StepObserver;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #running = 0;
  #idle: (() => void)[] = [];
  #isStopped = false;
  #markStopped: () => void = () => undefined;
  /** Resolves when the run is stopped. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#markStopped = resolve;
  });

  /** Without `snapshots` nothing is stored: a preview. */
  constructor(context: RunContext, snapshots: SnapshotManager | undefined, observer: StepObserver) {
    this.#context = context;
    this.#actions = new StepActions(context);
    this.#snapshots = snapshots;
    this.#observer = observer;
    this.#free = context.options.parallel;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Lets running steps finish and starts no other. */
  stop(): void {
    this.#isStopped = true;
    this.#markStopped();
    for (const start of this.#waiting.splice(0)) start();
  }

  /** Resolves when no step runs. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  announceDeletes(states: readonly ResourceState[]): void {
    this.#actions.announceDeletes(states.map(({ urn }) => urn));
  }

  /** Does the steps of one resource one after the other; false when the run was stopped before they were done. */
  async run(steps: readonly Step[]): Promise<boolean> {
    await this.#enter();
    try {
      for (const step of steps) {
        if (this.#isStopped) return false;
        await this.#step(step);
      }
      return true;
    } catch (error) {
      this.stop();
      this.#reportFailure(error, steps[0]?.urn ?? "");
      return false;
    } finally {
      this.#leave();
    }
  }

  async #step(step: Step): Promise<void> {
    this.#observer.before(step);
    await this.#snapshots?.begin(step);
    const initErrors = await this.#apply(step);
    await this.#snapshots?.end(step, true);
    if (initErrors.length === 0) return this.#observer.after(step);
    this.#observer.failed(step);
    throw new StepFailure(step.urn, initErrors.join("\n"));
  }

  async #apply(step: Step): Promise<readonly string[]> {
    const point = this.#pointOf(step);
    try {
      if (point !== undefined) this.#observer.point(`${point}:before`);
      const initErrors = await this.#actions.apply(step);
      if (point !== undefined) this.#observer.point(`${point}:after`);
      return initErrors;
    } catch (error) {
      // A provider that went away may have done it: the intent stays, for the next run to look.
      if (!isCutOff(error)) await this.#snapshots?.end(step, false);
      this.#observer.failed(step);
      throw error instanceof StepFailure
        ? error
        : new StepFailure(step.urn, messageOf(error), { cause: error });
    }
  }

  #pointOf(step: Step): string | undefined {
    if (this.#context.options.preview || !this.#actions.callsProvider(step)) return undefined;
    return `${step.op}:${typeOfUrn(step.urn)}:${nameOfUrn(step.urn)}`;
  }

  #reportFailure(error: unknown, urn: string): void {
    if (error instanceof StepFailure && error.isReported) return;
    this.#context.report.error(error instanceof StepFailure ? error.urn : urn, messageOf(error), error);
  }

  async #enter(): Promise<void> {
    this.#running++;
    if (this.#free > 0) this.#free--;
    else if (!this.#isStopped) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Whether a provider's call ended without an answer. */
function isCutOff(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === status.UNAVAILABLE) || isCutOff(error.cause);
}
