import {
  type DeployEvent,
  isListenerLine,
  type RunOptions,
  type RunResult,
  type StackHold,
} from "../deploy/index.ts";
import { stackOf } from "../tenant/names.ts";
import type { OperationContext } from "./context.ts";

/** Runs `up` on the tenant's stack while the operation lets go of it; what the run notes and warns of is told. */
export function applyStack(
  context: OperationContext,
  slug: string,
  hold: StackHold,
  { shouldRefresh = false }: Pick<RunOptions, "shouldRefresh"> = {},
): Promise<RunResult> {
  const { deployer, environment, isPatient } = context;
  const onEvent = (event: DeployEvent) => tellEvent(event, context);
  return hold.letGoFor(() => deployer.up(stackOf(environment, slug), { isPatient, onEvent, shouldRefresh }));
}

/** The same for the platform's stack. */
export function applyPlatform(context: OperationContext, hold: StackHold): Promise<RunResult> {
  const { deployer, environment, isPatient } = context;
  return hold.letGoFor(() =>
    deployer.up(environment, { isPatient, onEvent: (event) => tellEvent(event, context) }),
  );
}

/** Notes what a person wants to read of a run: what it notes, its phases, warnings and what listeners say. */
export function tellEvent(event: DeployEvent, context: OperationContext): void {
  if (event.kind === "note") context.note(event.text);
  if (event.kind === "phase") context.note(event.phase);
  if (event.kind !== "diagnostic") return;
  const { severity, message } = event.diagnostic;
  if (severity === "warning") context.note(`warning: ${message}`);
  if (isListenerLine(event.diagnostic)) context.note(message);
}
