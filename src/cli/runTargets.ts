import { type DeployEvent, type Deployer, RunFailedError, type RunResult } from "../deploy/index.ts";
import { exitCodeOf, UserError } from "../tenant/errors.ts";
import { openDisplay } from "./render/display.ts";
import { PLATFORM, type ProgressDisplay } from "./render/progress.ts";
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
export type TargetAction = (
  target: Target,
  onEvent: (event: DeployEvent) => void,
) => Promise<{ readonly result?: RunResult; readonly summary: string }>;

/** From harmless to bad: a run of several ends with its worst target's code. */
const SEVERITY = [0, 4, 5, 2, 3, 1];

/** Exit code of a run that was interrupted. */
const EXIT_INTERRUPTED = 1;

/**
 * Runs an action on each target, in order. A tenant fails alone; a failed platform stops the rest, for all stand on
 * it. After Ctrl-C nothing new begins, and what was not begun is told.
 */
export async function runTargets(
  targets: readonly Target[],
  action: TargetAction,
  options: CommonOptions,
  context: CliContext,
): Promise<readonly TargetOutcome[]> {
  const display = await openDisplay(
    context.io,
    targets.map(({ name }) => name),
    options.json,
  );
  const startedAt = performance.now();
  const outcomes: TargetOutcome[] = [];
  let reason: string | undefined;
  for (const target of targets) {
    if (context.signal.aborted) reason = "interrupted before it began; run the same command again";
    if (reason !== undefined) {
      display.show({ kind: "note", target: target.name, text: reason, atMs: performance.now() - startedAt });
      outcomes.push({ target, exitCode: EXIT_INTERRUPTED });
      continue;
    }
    const outcome = await runTarget(target, action, display, startedAt);
    outcomes.push(outcome);
    if (target.name === PLATFORM && outcome.exitCode !== 0) reason = "not begun: the platform failed";
  }
  await display.close();
  return outcomes;
}

/** The worst of several exit codes. */
export function worstExitCode(outcomes: readonly TargetOutcome[]): number {
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
    const { result, summary } = await action(target, (event) =>
      showEvent(event, target.name, now(), display),
    );
    const tookMs = Math.round(performance.now() - begunAt);
    display.show({ kind: "finished", target: target.name, summary, atMs: now(), tookMs });
    return { target, exitCode: 0, ...(result === undefined ? {} : { result }) };
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
