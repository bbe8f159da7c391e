import { setTimeout as delay } from "node:timers/promises";
import { isOn } from "./args.ts";
import { type CommandContext, passphraseOf, type StackContext, stackContext } from "./commandContext.ts";
import { type ConfigValue, hasSecretConfig, loadConfig, resolveConfig, type StackConfig } from "./config.ts";
import { Deployment, RUN_STOPPED } from "./deployment.ts";
import { parallelForSdk, type RunMode } from "./deploymentContext.ts";
import { type EngineServer, startEngineServer } from "./engineServer.ts";
import { EngineError, FAILED_EXIT_CODE, messageOf, REFUSED_EXIT_CODE, refuse } from "./errors.ts";
import { type EventLog, openEventLog } from "./eventLog.ts";
import { addHistory, historyConfig, type RunKind } from "./history.ts";
import { runProgram } from "./program.ts";
import { BuiltinProvider } from "./providers/builtinProvider.ts";
import { PluginHost } from "./providers/pluginHost.ts";
import { ProviderRegistry } from "./providers/registry.ts";
import { ResourceMonitor } from "./resourceMonitor.ts";
import { displayOf, RunMonitor } from "./runMonitor.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SaveSnapshot } from "./snapshotManager.ts";
import { SnapshotManager } from "./snapshotManager.ts";
import { type LoadedStack, loadStack, withLock } from "./stackFile.ts";
import { readStackOutputs } from "./stackOutputs.ts";
import { StateWriter } from "./stateWriter.ts";
import type { StepObserver } from "./stepExecutor.ts";

/** Steps at the same time unless `--parallel` says otherwise. */
const DEFAULT_PARALLEL = 16;

/** How long a program may go on after the run was stopped. */
const STOPPED_PROGRAM_MS = 100;

/** What kind of run a command is. */
export interface RunPlan {
  readonly kind: RunKind;
  readonly mode: RunMode;
  readonly preview: boolean;
  /** Whether the program is run; a destroy or refresh can do without. */
  readonly runsProgram: boolean;
}

/** Everything a run needs, opened. */
interface RunParts {
  readonly context: CommandContext;
  readonly plan: RunPlan;
  readonly stack: StackContext;
  readonly loaded: LoadedStack;
  readonly config: ReadonlyMap<string, ConfigValue>;
  readonly monitor: RunMonitor;
  readonly log: EventLog;
  readonly server: EngineServer;
}

/** Runs a plan on the stack that the command names: locked, unless it is a preview. */
export async function run(context: CommandContext, plan: RunPlan): Promise<void> {
  const stack = await stackContext(context);
  if (plan.preview) return await runLocked(context, plan, stack);
  await withLock(context, stack, () => runLocked(context, plan, stack));
}

async function runLocked(context: CommandContext, plan: RunPlan, stack: StackContext): Promise<void> {
  const startTime = Math.floor(Date.now() / 1000);
  const { flags } = context.invocation;
  const file = flags.get("--config-file");
  const stackConfig = await loadConfig(stack.project, stack.id.stack, file);
  const loaded = await loadStack(context, stack, stackConfig.salt);
  const config = await readConfig(context, stackConfig);
  const log = openEventLog(flags.get("--event-log"));
  const monitor = new RunMonitor(log, context, displayOf(flags, plan.preview), context.onPoint);
  monitor.prelude(
    Object.fromEntries([...config].map(([key, { value, secret }]) => [key, secret ? "[secret]" : value])),
  );
  const server = await startEngineServer(monitor);
  const parts: RunParts = { context, plan, stack, loaded, config, monitor, log, server };
  let writes = 0;
  try {
    writes = await runDeployment(parts);
  } finally {
    server.close();
    monitor.summary();
    await log.close();
    if (writes > 0) await writeHistory(parts, stackConfig, startTime);
  }
  requireSuccess(parts);
}

async function readConfig(
  context: CommandContext,
  config: StackConfig,
): Promise<ReadonlyMap<string, ConfigValue>> {
  if (!hasSecretConfig(config)) return resolveConfig(config, undefined);
  if (config.salt === undefined) throw refuse(`encrypted config without 'encryptionsalt' ('${config.path}')`);
  const passphrase = await passphraseOf(context.environment);
  return resolveConfig(config, await context.crypters.get(config.salt, passphrase()));
}

/** Does the run and returns how often the checkpoint was written. */
async function runDeployment(parts: RunParts): Promise<number> {
  const { context, plan, stack, loaded, monitor, server } = parts;
  const { backend, id } = stack;
  const writer = new StateWriter({ backend, id, secrets: loaded.secrets, onPoint: context.onPoint });
  const save: SaveSnapshot = (snapshot) => writer.save(snapshot);
  const host = new PluginHost({
    project: stack.project,
    environment: context.environment,
    engineAddress: server.address,
    providers: context.providers,
    report: (line) => monitor.info("", line),
  });
  try {
    warnPending(parts);
    const base = wantsRefresh(parts) ? await refreshBase(parts, host, save) : loaded.snapshot;
    if (monitor.hasErrors) return writer.saves;
    const snapshots = plan.preview ? undefined : new SnapshotManager(base, save);
    const deployment = openDeployment(parts, host, { base, snapshots, mode: plan.mode, observer: monitor });
    await drive(parts, deployment, () => advance(parts, deployment));
  } catch (error) {
    monitor.error("", messageOf(error), error);
  } finally {
    host.close();
    await closeState(writer, monitor);
  }
  return writer.saves;
}

/** What was saved stays in the journal when the checkpoint can't be written; the next run finishes it. */
async function closeState(writer: StateWriter, monitor: RunMonitor): Promise<void> {
  try {
    await writer.close();
  } catch (error) {
    monitor.error("", `the state could not be written: ${messageOf(error)}`, error);
  }
}

/** What a deployment of a run stands on. */
interface DeploymentBase {
  readonly base: Snapshot;
  readonly snapshots: SnapshotManager | undefined;
  readonly mode: RunMode;
  readonly observer: StepObserver;
}

function openDeployment(parts: RunParts, host: PluginHost, start: DeploymentBase): Deployment {
  const { context, plan, stack, monitor, config } = parts;
  const builtin = new BuiltinProvider({
    stackOutputs: (name) => readStackOutputs(context, stack, name),
    resource: (urn) => deployment.resource(urn),
  });
  const registry = new ProviderRegistry(async (pkg) => (pkg === "pulumi" ? builtin : await host.load(pkg)));
  const deployment: Deployment = new Deployment({
    options: {
      project: stack.id.project,
      stack: stack.id.stack,
      preview: plan.preview,
      mode: start.mode,
      parallel: parallelOf(context),
      config,
    },
    base: start.base,
    registry,
    report: monitor,
    snapshots: start.snapshots,
    observer: start.observer,
  });
  return deployment;
}

function parallelOf({ invocation }: CommandContext): number {
  const text = invocation.flags.get("--parallel");
  const count = text === undefined ? DEFAULT_PARALLEL : Number(text);
  if (!Number.isInteger(count)) {
    throw new EngineError(`\`--parallel\`: '${text}' is not a number`, REFUSED_EXIT_CODE);
  }
  return count < 1 ? DEFAULT_PARALLEL : count;
}

function wantsRefresh({ context, plan }: RunParts): boolean {
  return plan.mode !== "refresh" && isOn(context.invocation.flags.get("--refresh"));
}

/** The state as the providers say it is now, before anything is decided; stored too, unless it is a preview. */
async function refreshBase(parts: RunParts, host: PluginHost, save: SaveSnapshot): Promise<Snapshot> {
  const { loaded, plan, monitor } = parts;
  const base = loaded.snapshot;
  const snapshots = new SnapshotManager(base, plan.preview ? async () => undefined : save);
  const observer = monitor.uncounted();
  const deployment = openDeployment(parts, host, { base, snapshots, mode: "refresh", observer });
  await drive(parts, deployment, () => deployment.finish());
  return snapshots.snapshot();
}

/** Runs the program, if the plan does, and finishes the deployment. */
async function advance(parts: RunParts, deployment: Deployment): Promise<void> {
  const isDone = !parts.plan.runsProgram || (await driveProgram(parts, deployment));
  if (isDone) await deployment.finish();
}

/** Works on a deployment until it is done; a signal stops it, and what is running ends. */
async function drive(
  { context, monitor }: RunParts,
  deployment: Deployment,
  work: () => Promise<void>,
): Promise<void> {
  const stop = (): void => {
    monitor.error("", "update canceled");
    deployment.stop();
  };
  context.signal?.addEventListener("abort", stop, { once: true });
  if (context.signal?.aborted) stop();
  try {
    await work();
  } finally {
    await deployment.idle();
    context.signal?.removeEventListener("abort", stop);
  }
}

/** True when the program ended well. */
async function driveProgram(parts: RunParts, deployment: Deployment): Promise<boolean> {
  const { context, plan, stack, monitor, server, config } = parts;
  const client = context.invocation.flags.get("--client");
  if (client === undefined) throw refuse("programs outside the Automation API (no `--client`)");
  server.serve(new ResourceMonitor(deployment, config), (error) => deployment.fail(error));
  const { preview } = plan;
  const parallel = parallelForSdk(deployment.context.options);
  const { project, stack: name } = stack.id;
  const engineAddress = server.address;
  const workDir = context.cwd;
  const program = runProgram({
    client,
    engineAddress,
    project,
    stack: name,
    workDir,
    preview,
    parallel,
    config,
  });
  const failure = await Promise.race([program.ended, abandoned(deployment), standstill(server)]);
  program.cancel();
  if (failure === undefined) return true;
  deployment.stop();
  if (!monitor.hasErrors) monitor.error("", failure);
  return false;
}

/** Resolves some time after the run was stopped: a program that goes on by itself is not waited for. */
async function abandoned(deployment: Deployment): Promise<string> {
  await deployment.stopped;
  await deployment.idle();
  await delay(STOPPED_PROGRAM_MS, undefined, { ref: false });
  return RUN_STOPPED;
}

async function standstill(server: EngineServer): Promise<string> {
  await server.programSilent;
  return "the program failed and goes no further";
}

/** A cut-off run's operations: what became of them is for the caller to find out. */
function warnPending({ loaded, monitor, plan }: RunParts): void {
  const pending = loaded.snapshot.pendingOperations;
  if (pending.length === 0 || plan.preview) return;
  const lines = pending.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}`);
  monitor.warn(
    "",
    `the stack has ${pending.length} pending operation(s) of a run that was cut off:\n${lines.join("\n")}\nIt is not known whether they took effect. Pending creates stay in the state until they are cleared or imported.`,
  );
}

async function writeHistory(
  { context, plan, stack, monitor }: RunParts,
  config: StackConfig,
  startTime: number,
): Promise<void> {
  await addHistory(stack.backend, stack.id, {
    kind: plan.kind,
    startTime,
    message: context.invocation.flags.get("--message") ?? "",
    environment: { "exec.kind": context.invocation.flags.get("--exec-kind") ?? "auto.local" },
    config: historyConfig(config.raw),
    result: monitor.hasErrors ? "failed" : "succeeded",
    endTime: Math.floor(Date.now() / 1000),
    resourceChanges: monitor.changes,
  });
}

function requireSuccess({ context, monitor, plan }: RunParts): void {
  const code = monitor.isRefused ? REFUSED_EXIT_CODE : FAILED_EXIT_CODE;
  if (monitor.hasErrors) throw new EngineError(`${plan.preview ? "preview" : plan.kind} failed`, code);
  if (context.invocation.flags.has("--expect-no-changes") && monitor.isChanged) {
    throw new EngineError("no changes were expected but changes occurred");
  }
}
