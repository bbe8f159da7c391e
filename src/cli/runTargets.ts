import {
  type DeployEvent,
  type Deployer,
  isListenerLine,
  RunFailedError,
  type RunResult,
} from "../deploy/index.ts";
import { exitCodeOf, UserError } from "../tenant/errors.ts";
import { generationsOf } from "./generations.ts";
import { openDisplay } from "./render/display.ts";
import { PLATFORM, type ProgressDisplay, wavesOf } from "./render/progress.ts";
import type { Target } from "./targets.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** What became of one target. */
export interface TargetOutcome {
  readonly target: Target;
  readonly exitCode: number;
  /** Undefined when it failed or was never begun. */
  readonly result?: RunResult;
}

/** What is done to one stack; answers what it did and how to call it. */
export type TargetAction = (target: Target, onEvent: (event: DeployEvent) => void) => Promise<ActionOutcome>;

/** What an action did, and how to call it. */
export interface ActionOutcome {
  readonly result?: RunResult;
  readonly summary: string;
  readonly details?: object;
  /** For what ended and found something that a caller must know; default 0. */
  readonly exitCode?: number;
}

/** From harmless to bad: a run of several ends with its worst target's code. */
const SEVERITY = [0, 4, 5, 2, 3, 1];

/** Exit code of a run that was interrupted. */
const EXIT_INTERRUPTED = 1;

/**
 * Runs an action on each target, begun in order, as many at once as `parallel` says. A tenant fails alone; a failed
 * platform stops the rest, for all stand on it. After Ctrl-C nothing new begins, and what was not begun is told.
 */
export async function runTargets(
  targets: readonly Target[],
  action: TargetAction,
  options: RunTargetsOptions,
  context: CliContext,
): Promise<readonly TargetOutcome[]> {
  const { parallel = 1 } = options;
  const names = targets.map(({ name }) => name);
  const display = await openDisplay(context.io, names, { isJson: options.json, parallel });
  const run = new TargetsRun(action, display, context.signal);
  try {
    for (const wave of wavesOf(targets, ({ name }) => name))
      for (const generation of generationsOf(wave, ({ name }) => name, parentOfTarget))
        await inLanes(generation, parallel, (target) => run.take(target));
  } finally {
    await display.close();
  }
  return targets.map((target) => run.outcomeOf(target));
}

function parentOfTarget({ tenant }: Target): string | undefined {
  return tenant?.parent;
}

/** Options of a run of several targets. */
export interface RunTargetsOptions extends CommonOptions {
  /** Targets at once; default 1. */
  readonly parallel?: number;
}

/** Runs `body` on all items, begun in order, at most `lanes` at once; throws the first error when all that began has ended. */
async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  body: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await body(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(lanes, items.length) }, lane));
  const failed = ended.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** The targets of one run, and why no more of them begin. */
class TargetsRun {
  readonly #action: TargetAction;
  readonly #display: ProgressDisplay;
  readonly #signal: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #outcomes = new Map<Target, TargetOutcome>();
  #stopReason: string | undefined;

  constructor(action: TargetAction, display: ProgressDisplay, signal: AbortSignal) {
    this.#action = action;
    this.#display = display;
    this.#signal = signal;
  }

  outcomeOf(target: Target): TargetOutcome {
    return this.#outcomes.get(target) ?? { target, exitCode: EXIT_INTERRUPTED };
  }

  async take(target: Target): Promise<void> {
    if (this.#signal.aborted) this.#stopReason = "interrupted before it began; run the same command again";
    if (this.#stopReason !== undefined) {
      const atMs = performance.now() - this.#startedAt;
      this.#display.show({ kind: "note", target: target.name, text: this.#stopReason, atMs });
      return;
    }
    try {
      const outcome = await runTarget(target, this.#action, this.#display, this.#startedAt);
      this.#outcomes.set(target, outcome);
      if (target.name === PLATFORM && outcome.exitCode !== 0)
        this.#stopReason = "not begun: the platform failed";
    } catch (error) {
      this.#stopReason = `not begun: the run of '${target.name}' ended in a defect of tenantry`;
      throw error;
    }
  }
}

/** The worst of several outcomes' exit codes. */
export function worstExitCode(outcomes: readonly Pick<TargetOutcome, "exitCode">[]): number {
  const worst = Math.max(0, ...outcomes.map(({ exitCode }) => SEVERITY.indexOf(exitCode)));
  return SEVERITY[worst] ?? EXIT_INTERRUPTED;
}

async function runTarget(
  target: Target,
  action: TargetAction,
  display: ProgressDisplay,
  startedAt: number,
): Promise<TargetOutcome> {
  const begunAt = performance.now();
  const now = (): number => Math.round(performance.now() - startedAt);
  display.show({ kind: "started", target: target.name, atMs: now() });
  try {
    const {
      result,
      summary,
      details,
      exitCode = 0,
    } = await action(target, (event) => showEvent(event, target.name, now(), display));
    const tookMs = Math.round(performance.now() - begunAt);
    const said = details === undefined ? { summary } : { summary, details };
    display.show({ kind: "finished", target: target.name, ...said, atMs: now(), tookMs });
    return { target, exitCode, ...(result === undefined ? {} : { result }) };
  } catch (error) {
    const { code, message, hint, exitCode } = explain(error);
    display.show({
      kind: "failed",
      target: target.name,
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      atMs: now(),
    });
    return { target, exitCode };
  }
}

function showEvent(event: DeployEvent, target: string, atMs: number, display: ProgressDisplay): void {
  if (event.kind === "step" && event.state === "started")
    display.show({ kind: "step", target, resource: event.change.name, atMs });
  if (event.kind === "phase") display.show({ kind: "phase", target, phase: event.phase, atMs });
  if (event.kind === "note") display.show({ kind: "note", target, text: event.text, atMs });
  if (event.kind === "diagnostic" && event.diagnostic.severity === "warning") {
    display.show({ kind: "note", target, text: `warning: ${event.diagnostic.message}`, atMs });
  }
  if (event.kind === "diagnostic" && isListenerLine(event.diagnostic))
    display.show({ kind: "note", target, text: event.diagnostic.message, atMs });
}

interface Explained {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exitCode: number;
}

/** What isn't the user's to fix is a defect of ours and ends the whole run with its stack. */
function explain(error: unknown): Explained {
  if (error instanceof UserError) {
    const { code, message, hint } = error;
    return { code, message, exitCode: exitCodeOf(code), ...(hint === undefined ? {} : { hint }) };
  }
  if (error instanceof RunFailedError) return { code: "FAILED", message: error.message, exitCode: 1 };
  throw error;
}

/** Closes a deployer whatever happened in between. */
export async function withDeployer<T>(
  deployer: Deployer,
  body: (deployer: Deployer) => Promise<T>,
): Promise<T> {
  try {
    return await body(deployer);
  } finally {
    await deployer.close();
  }
}
