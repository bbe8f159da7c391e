import { setTimeout as delay } from "node:timers/promises";
import type { CommandContext, StackContext } from "./commandContext.ts";
import type { ConfigValue } from "./config.ts";
import { type Deployment, RUN_STOPPED } from "./deployment.ts";
import { parallelForSdk } from "./deploymentContext.ts";
import type { EngineServer } from "./engineServer.ts";
import { type RunningProgram, runProgram } from "./program.ts";
import { startProgram } from "./programProcess.ts";
import { ResourceMonitor } from "./resourceMonitor.ts";
import type { RunMonitor } from "./runMonitor.ts";

/** How long a program may go on after the run was stopped. */
const STOPPED_PROGRAM_MS = 100;

/** What of a run its program needs. */
export interface ProgramParts {
  readonly context: CommandContext;
  readonly plan: { readonly preview: boolean };
  readonly stack: StackContext;
  readonly config: ReadonlyMap<string, ConfigValue>;
  readonly monitor: RunMonitor;
  readonly server: EngineServer;
}

/** Runs the program to its end; true when it ended well. One that goes on after the run was stopped is ended. */
export async function driveProgram(parts: ProgramParts, deployment: Deployment): Promise<boolean> {
  const { context, monitor, server, config } = parts;
  const client = context.invocation.flags.get("--client");
  server.serve(new ResourceMonitor(deployment, config), (error) => deployment.fail(error));
  const program = await openProgram(parts, deployment, client);
  // A process of its own ends by itself when its program failed.
  const standing = client === undefined ? [] : [standstill(server)];
  const failure = await Promise.race([program.ended, abandoned(deployment), ...standing]);
  program.cancel();
  if (failure === undefined) return true;
  deployment.stop();
  if (!monitor.hasErrors) monitor.error("", failure);
  return false;
}

/** The Automation API's program behind `client`, or the project's own in a process of its own. */
async function openProgram(
  { context, plan, stack, monitor, server, config }: ProgramParts,
  deployment: Deployment,
  client: string | undefined,
): Promise<RunningProgram> {
  const run = {
    engineAddress: server.address,
    stack: stack.id.stack,
    preview: plan.preview,
    config,
  };
  const { options } = deployment.context;
  if (client !== undefined) {
    const { project } = stack.id;
    return runProgram({ ...run, client, project, workDir: context.cwd, parallel: parallelForSdk(options) });
  }
  return await startProgram({
    ...run,
    parallel: options.parallel,
    project: stack.project,
    environment: context.environment,
    print: (line, isError) => monitor.programLine(line, isError),
  });
}

/** Resolves some time after the run was stopped: a program that goes on by itself is not waited for. */
async function abandoned(deployment: Deployment): Promise<string> {
  await deployment.stopped;
  await deployment.idle();
  await delay(STOPPED_PROGRAM_MS, undefined, { ref: false });
  // Calls that wait for a provider are answered; the SDK would wait for ever for what is cut off.
  deployment.giveUp();
  await delay(STOPPED_PROGRAM_MS, undefined, { ref: false });
  return RUN_STOPPED;
}

async function standstill(server: EngineServer): Promise<string> {
  await server.programSilent;
  return "the program failed and goes no further";
}
