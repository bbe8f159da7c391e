import { isOn } from "./args.ts";
import {
  type CommandContext,
  configFileOf,
  passphraseOf,
  type StackContext,
  stackContext,
} from "./commandContext.ts";
import { type ConfigValue, hasSecretConfig, loadConfig, resolveConfig, type StackConfig } from "./config.ts";

import { saveConfigFlags } from "./configEdits.ts";
import { Deployment } from "./deployment.ts";
import type { RunMode } from "./deploymentContext.ts";
import { type EngineServer, startEngineServer } from "./engineServer.ts";
import { EngineError, FAILED_EXIT_CODE, messageOf, REFUSED_EXIT_CODE, refuse } from "./errors.ts";
import type { EventLog } from "./eventLog.ts";
import { addHistory, type HistoryEntry, historyConfig, type RunKind } from "./history.ts";
import { pendingText, workUntilStopped } from "./interruption.ts";
import { driveProgram } from "./programDriver.ts";
import { BuiltinProvider } from "./providers/builtinProvider.ts";
import { PluginHost } from "./providers/pluginHost.ts";
import { ProviderRegistry } from "./providers/registry.ts";
import { openAudience } from "./runAudience.ts";
import type { RunMonitor } from "./runMonitor.ts";
import { type CommandOptions, requireInState, runOptions } from "./runOptions.ts";
import { SaveGate } from "./saveGate.ts";

import type { Snapshot } from "./snapshot.ts";
import type { SaveSnapshot } from "./snapshotManager.ts";
import { SnapshotManager } from "./snapshotManager.ts";
import { type LoadedStack, loadStack, withLock } from "./stackFile.ts";
import { readStackOutputs } from "./stackOutputs.ts";
import { StateWriter } from "./stateWriter.ts";
import type { StepObserver } from "./stepExecutor.ts";

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
  readonly options: CommandOptions;
}

/** Runs a plan on the stack that the command names: locked, unless it is a preview. */
export async function run(context: CommandContext, plan: RunPlan): Promise<void> {
  const stack = await stackContext(context);
  if (plan.preview) return await runLocked(context, plan, stack);
  await withLock(context, stack, () => runLocked(context, plan, stack));
}

async function runLocked(context: CommandContext, plan: RunPlan, stack: StackContext): Promise<void> {
  const startTime = Math.floor(Date.now() / 1000);
  await saveConfigFlags(context, stack);
  const stackConfig = await loadConfig(stack.project, stack.id.stack, configFileOf(context));
  const loaded = await loadStack(context, stack, stackConfig.salt);
  const options = runOptions(context, loaded.snapshot.resources);
  const { protectedCount } = options;
  const stillThere = `There are still ${protectedCount} protected resources associated with this stack.\n`;
  if (protectedCount > 0 && protectedCount === loaded.snapshot.resources.length)
    return context.out(`There were no unprotected resources to destroy. ${stillThere}`);
  const config = await readConfig(context, stackConfig);
  const { monitor, log } = await openAudience(context, plan.preview, config);
  const server = await startEngineServer(monitor);
  const parts: RunParts = { context, plan, stack, loaded, config, monitor, log, server, options };
  let writes = 0;
  try {
    writes = await runDeployment(parts);
  } finally {
    server.close();
    monitor.summary();
    await log.close();
  }
  const failure = writes > 0 ? await writeHistory(parts, stackConfig, startTime) : undefined;
  requireSuccess(parts);
  if (failure !== undefined) throw failure;
  if (protectedCount > 0) context.out(`All unprotected resources were destroyed. ${stillThere}`);
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
  const gate = new SaveGate((snapshot) => writer.save(snapshot));
  const { save } = gate;
  const host = new PluginHost({
    project: stack.project,
    environment: context.environment,
    engineAddress: server.address,
    providers: context.providers,
    services: context.services,
    report: (line) => monitor.info("", line),
  });
  try {
    warnPending(parts);
    if (plan.mode !== "update") requireInState(parts.options.selection, loaded.snapshot.resources);
    const base = wantsRefresh(parts) ? await refreshBase(parts, host, save) : loaded.snapshot;
    if (monitor.hasErrors) return writer.saves;
    const snapshots = plan.preview ? undefined : new SnapshotManager(base, save);
    const deployment = openDeployment(parts, host, { base, snapshots, mode: plan.mode, observer: monitor });
    await drive(parts, host, deployment, () => advance(parts, deployment));
  } catch (error) {
    monitor.error("", messageOf(error), error);
  } finally {
    await gate.close();
    host.close();
    await closeState(writer, monitor);
  }
  return writer.saves;
}

/**
 * What was saved stays in the journal when the checkpoint can't be written; the next run finishes it. Verified after it
 * is written: it may be the only record.
 */
async function closeState(writer: StateWriter, monitor: RunMonitor): Promise<void> {
  try {
    await writer.close();
  } catch (error) {
    monitor.error("", `the state could not be written: ${messageOf(error)}`, error);
  }
  try {
    writer.verify();
  } catch (error) {
    monitor.error("", messageOf(error), error);
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
  const { context, plan, stack, monitor, config, options } = parts;
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
      config,
      ...options,
    },
    base: start.base,
    registry,
    report: monitor,
    snapshots: start.snapshots,
    observer: start.observer,
  });
  return deployment;
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
  await drive(parts, host, deployment, () => deployment.finish());
  return snapshots.snapshot();
}

/** Runs the program, if the plan does, and finishes the deployment. */
async function advance(parts: RunParts, deployment: Deployment): Promise<void> {
  if (!deployment.begin()) return;
  const isDone = !parts.plan.runsProgram || (await driveProgram(parts, deployment));
  if (isDone) await deployment.finish();
}

/** Works on a deployment until it is done or a signal stops it. */
async function drive(
  { context, monitor: report }: RunParts,
  host: PluginHost,
  deployment: Deployment,
  work: () => Promise<void>,
): Promise<void> {
  const { signal } = context;
  await workUntilStopped({ signal, deployment, report, work, cancelPlugins: () => host.cancel() });
}

function warnPending({ loaded, monitor, plan }: RunParts): void {
  const { pendingOperations } = loaded.snapshot;
  if (pendingOperations.length > 0 && !plan.preview) monitor.warn("", pendingText(pendingOperations));
}

/** Answers why it could not; a run that failed says first why. */
async function writeHistory(
  { context, plan, stack, monitor }: RunParts,
  config: StackConfig,
  startTime: number,
): Promise<Error | undefined> {
  const entry: HistoryEntry = {
    kind: plan.kind,
    startTime,
    message: context.invocation.flags.get("--message") ?? "",
    environment: { "exec.kind": context.invocation.flags.get("--exec-kind") ?? "auto.local" },
    config: historyConfig(config.raw),
    result: monitor.hasErrors ? "failed" : "succeeded",
    endTime: Math.floor(Date.now() / 1000),
    resourceChanges: monitor.changes,
  };
  return await addHistory(stack.backend, stack.id, entry).then(
    () => undefined,
    (error: Error) => {
      if (monitor.hasErrors) context.err(`warning: ${error.message}\n`);
      return error;
    },
  );
}

function requireSuccess({ context, monitor, plan }: RunParts): void {
  const code = monitor.isRefused ? REFUSED_EXIT_CODE : FAILED_EXIT_CODE;
  if (monitor.hasErrors) throw new EngineError(`${plan.preview ? "preview" : plan.kind} failed`, code);
  if (context.invocation.flags.has("--expect-no-changes") && monitor.isChanged) {
    throw new EngineError("no changes were expected but changes occurred");
  }
}
