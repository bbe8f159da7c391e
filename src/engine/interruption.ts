import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "./deployment.ts";
import type { Reporter } from "./deploymentContext.ts";
import type { PendingOperation } from "./snapshot.ts";
import type { Step, StepOp } from "./step.ts";
import { isProviderType, typeOfUrn } from "./urn.ts";

/** From the signal until plugins are told to cancel what they do. */
export const CANCEL_AFTER_MS = 4_000;
/** From the signal until calls that still run are given up: the lock must be free within 7 s (FAULTS F9). */
export const GIVE_UP_AFTER_MS = 5_500;

/** For the program to hear that its calls came to nothing, before the server that would tell it closes. */
const FAREWELL_MS = 100;

/** What a signal can stop. */
export interface InterruptibleRun {
  readonly signal: AbortSignal | undefined;
  readonly deployment: Deployment;
  readonly report: Reporter & { cancel(): void };
  /** Tells the plugins to end what they do. */
  cancelPlugins(): void;
  /** Resolves when the deployment is done. */
  work(): Promise<void>;
}

/**
 * Works on a deployment until it is done. A signal stops it: no step begins any more and what runs may end; after
 * a while plugins are told to cancel, and what hangs even then is given up. Its intent stays in the state.
 */
export async function workUntilStopped(run: InterruptibleRun): Promise<void> {
  const { signal, deployment, report } = run;
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    report.cancel();
    deployment.stop();
    timers.push(setTimeout(() => cancel(run), CANCEL_AFTER_MS));
    timers.push(setTimeout(() => deployment.giveUp(), GIVE_UP_AFTER_MS));
  };
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  try {
    await Promise.race([run.work(), deployment.givenUp.then(() => delay(FAREWELL_MS))]);
  } finally {
    await deployment.idle();
    for (const timer of timers) clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    if (signal?.aborted) tellUnfinished(report, deployment.unfinished);
  }
}

function cancel({ deployment, cancelPlugins }: InterruptibleRun): void {
  deployment.expectCancellation();
  cancelPlugins();
}

/** What a step's provider was doing. */
const DOING: Readonly<Partial<Record<StepOp, string>>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
  read: "reading",
  "read-replacement": "reading",
  refresh: "reading",
  import: "importing",
};

/** Providers' own steps only configure them: nothing of those is anywhere. */
function tellUnfinished(report: Reporter, unfinished: readonly Step[]): void {
  const steps = unfinished.filter(({ urn }) => !isProviderType(typeOfUrn(urn)));
  if (steps.length === 0) return;
  const lines = steps.map(({ urn, op }) => `  * ${urn}, interrupted while ${DOING[op] ?? op}`);
  report.warn(
    "",
    `${steps.length} operation(s) did not end before the run was stopped; it is not known whether they took effect:\n${lines.join("\n")}`,
  );
}

/** A cut-off run's operations: what became of them is for the caller to find out. */
export function pendingText(operations: readonly PendingOperation[]): string {
  const lines = operations.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`);
  return `the stack has ${operations.length} pending operation(s) of a run that was cut off:\n${lines.join("\n")}\nIt is not known whether they took effect. Pending creates stay in the state until they are cleared or imported.`;
}
