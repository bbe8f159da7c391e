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
  /** A named moment around a provider's call; may end the process. */
  point(name: string): void;
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
  /** Steps that delete ahead of a replacement, by what they delete: what is made anew in its place comes after them. */
  readonly #deleting = new Map<ResourceState, Promise<void>>();
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

  /** Does the steps of one resource one after the other; false when the run was stopped before they were done. */
  async run(steps: readonly Step[]): Promise<boolean> {
    const deletes = steps.flatMap(({ op, old }) =>
      op === "delete-replaced" && old !== undefined ? [old] : [],
    );
    const awaited = steps.flatMap(({ old }) => (old === undefined ? [] : [this.#deleting.get(old)]));
    for (const chain of awaited) if (chain !== undefined) await chain;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    for (const old of deletes) this.#deleting.set(old, ended);
    await this.#enter();
    try {
      for (const step of steps) {
        if (this.#isStopped || !(await this.#step(step))) return false;
      }
      return true;
    } catch (error) {
      this.stop();
      this.#reportFailure(error, steps[0]?.urn ?? "");
      return false;
    } finally {
      for (const old of deletes) this.#deleting.delete(old);
      end();
      this.#leave();
    }
  }

  /** False when the run was stopped before the step began. */
  async #step(step: Step): Promise<boolean> {
    this.#observer.before(step);
    await this.#snapshots?.begin(step);
    if (this.#isStopped) {
      await this.#snapshots?.end(step, false);
      return false;
    }
    const initErrors = await this.#apply(step);
    await this.#snapshots?.end(step, true);
    if (initErrors.length === 0) {
      this.#observer.after(step);
      return true;
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
      if (this.#isCancelling || isCutOff(error)) this.#unfinished.push(step);
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
  if (error instanceof CallGivenUp) return true;
  return ("code" in error && error.code === status.UNAVAILABLE) || isCutOff(error.cause);
}
