import { status } from "@grpc/grpc-js";
import type { RunContext } from "./deploymentContext.ts";
import { StepFailure } from "./deploymentContext.ts";
import { messageOf } from "./errors.ts";
import type { SnapshotManager } from "./snapshotManager.ts";
import type { ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { StepActions } from "./stepActions.ts";
import { isProviderType, nameOfUrn, typeOfUrn } from "./urn.ts";

/** How a chain of steps ended. */
export type ChainResult =
  | { readonly outcome: "done" | "stopped" }
  | { readonly outcome: "failed"; readonly step: Step };

const DONE: ChainResult = { outcome: "done" };
const STOPPED: ChainResult = { outcome: "stopped" };

/** Watches steps: events, counts, kill points. */
export interface StepObserver {
  before(step: Step): void;
  after(step: Step): void;
  failed(step: Step): void;
  /** A component has told its outputs; the step is that of its registration. Who doesn't care leaves it out. */
  outputs?(step: Step): void;
  /** A named moment around a provider's call; may end the process. */
  point(name: string): void;
}

/** A delete that is decided on and not done. */
interface Deletion {
  /** Resolves with whether it was done. */
  readonly ended: Promise<boolean>;
  readonly end: (isDone: boolean) => void;
}

/** A call of a provider was given up: nobody knows whether it took effect. */
class CallGivenUp extends Error {}

/** Does steps, several at a time, and stores each step's intent before and its outcome after. */
export class StepExecutor {
  readonly #context: RunContext;
  readonly #actions: StepActions;
  readonly #snapshots: SnapshotManager | undefined;
  readonly #observer: StepObserver;
  readonly #waiting: (() => void)[] = [];
  readonly #deletions = new Map<ResourceState, Deletion>();
  #free: number;
  #running = 0;
  #idle: (() => void)[] = [];
  #isStopped = false;
  #markStopped: () => void = () => undefined;
  /** Resolves when the run is stopped. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#markStopped = resolve;
  });

  #giveUp: () => void = () => undefined;
  /** Resolves when calls that still run are given up. */
  readonly givenUp = new Promise<void>((resolve) => {
    this.#giveUp = resolve;
  });
  #isCancelling = false;
  readonly #unfinished: Step[] = [];

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

  /** From now on a call that fails may have done it before it was cancelled. */
  expectCancellation(): void {
    this.#isCancelling = true;
  }

  /** Waits no longer for calls that run; their intents stay stored. */
  giveUp(): void {
    this.stop();
    this.#giveUp();
  }

  /** Steps of which nobody knows whether they took effect. */
  get unfinished(): readonly Step[] {
    return this.#unfinished;
  }

  /** Resolves when no step runs. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  announceDeletes(states: readonly ResourceState[]): void {
    this.#actions.announceDeletes(states.map(({ urn }) => urn));
  }

  /** To be told of steps as soon as they are decided: whoever makes anew what they delete waits for that. */
  announce(steps: readonly Step[]): void {
    for (const old of deletedBy(steps)) {
      let end: (isDone: boolean) => void = () => undefined;
      const ended = new Promise<boolean>((resolve) => {
        end = resolve;
      });
      this.#deletions.set(old, { ended, end });
    }
  }

  /**
   * Does the steps of one resource one after the other, as long as the run isn't stopped. A failure stops the run,
   * unless it is to go on after errors and the state could be stored.
   */
  async run(
    steps: readonly Step[],
    goesOn: boolean = this.#context.options.continueOnError,
  ): Promise<ChainResult> {
    const undone = await this.#enter(steps);
    try {
      if (undone !== undefined && !this.#isStopped) return { outcome: "failed", step: undone };
      for (const step of steps) {
        if (this.#isStopped) return STOPPED;
        const result = await this.#step(step).catch((error: unknown) =>
          this.#failed(step, asError(error), goesOn),
        );
        if (result.outcome !== "done") return result;
        this.#endDeletions([step], true);
      }
      return DONE;
    } finally {
      this.#endDeletions(steps, false);
      this.#leave();
    }
  }

  #endDeletions(steps: readonly Step[], isDone: boolean): void {
    for (const old of deletedBy(steps)) this.#deletions.get(old)?.end(isDone);
  }

  /** Waits until other resources' steps have deleted what these make anew; answers one of which they couldn't. */
  async #untilDeleted(steps: readonly Step[]): Promise<Step | undefined> {
    const own = deletedBy(steps);
    for (const step of steps) {
      const { old } = step;
      if (old === undefined || own.includes(old)) continue;
      if ((await this.#deletions.get(old)?.ended) === false) return step;
    }
    return undefined;
  }

  #failed(step: Step, error: Error, mayGoOn: boolean): ChainResult {
    const goesOn = mayGoOn && error instanceof StepFailure;
    if (!goesOn) this.stop();
    this.#reportFailure(error, step.urn);
    return goesOn ? { outcome: "failed", step } : STOPPED;
  }

  /** Stopped when the run was stopped before the step began. */
  async #step(step: Step): Promise<ChainResult> {
    this.#observer.before(step);
    await this.#snapshots?.begin(step);
    if (this.#isStopped) {
      await this.#snapshots?.end(step, false);
      return STOPPED;
    }
    const initErrors = await this.#apply(step);
    await this.#snapshots?.end(step, true);
    if (initErrors.length === 0) {
      this.#observer.after(step);
      return DONE;
    }
    this.#observer.failed(step);
    throw new StepFailure(step.urn, initErrors.join("\n"));
  }

  async #apply(step: Step): Promise<readonly string[]> {
    const point = this.#pointOf(step);
    try {
      if (point !== undefined) this.#observer.point(`${point}:before`);
      const initErrors = await this.#outlasting(this.#actions.apply(step));
      if (point !== undefined) this.#observer.point(`${point}:after`);
      return initErrors;
    } catch (error) {
      // A provider that went away may have done it: the intent stays, for the next run to look.
      // A provider that was only being configured has done nothing.
      const mayBeDone = !isProviderType(typeOfUrn(step.urn)) && (this.#isCancelling || isCutOff(error));
      if (mayBeDone) this.#unfinished.push(step);
      else await this.#snapshots?.end(step, false);
      this.#observer.failed(step);
      if (error instanceof CallGivenUp) throw new StepFailure(step.urn, error.message, { isReported: true });
      throw error instanceof StepFailure
        ? error
        : new StepFailure(step.urn, messageOf(error), { cause: error });
    }
  }

  /** The call's answer, unless the run stops waiting for it. */
  async #outlasting<T>(call: Promise<T>): Promise<T> {
    const givenUp = this.givenUp.then(() => {
      throw new CallGivenUp("the call was given up");
    });
    return await Promise.race([call, givenUp]);
  }

  #pointOf(step: Step): string | undefined {
    if (this.#context.options.preview || !this.#actions.callsProvider(step)) return undefined;
    return `${step.op}:${typeOfUrn(step.urn)}:${nameOfUrn(step.urn)}`;
  }

  #reportFailure(error: unknown, urn: string): void {
    if (error instanceof StepFailure && error.isReported) return;
    this.#context.report.error(error instanceof StepFailure ? error.urn : urn, messageOf(error), error);
  }

  /** Waits for its turn; answers a step that can't be done because another resource's delete failed. */
  async #enter(steps: readonly Step[]): Promise<Step | undefined> {
    this.#running++;
    const undone = await this.#untilDeleted(steps);
    if (this.#free > 0) this.#free--;
    else if (!this.#isStopped) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return undone;
  }

  #leave(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function deletedBy(steps: readonly Step[]): readonly ResourceState[] {
  return steps.flatMap(({ op, old }) => (old !== undefined && /^(delete|discard)/.test(op) ? [old] : []));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Whether a provider's call ended without an answer. */
function isCutOff(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof CallGivenUp) return true;
  return ("code" in error && error.code === status.UNAVAILABLE) || isCutOff(error.cause);
}
