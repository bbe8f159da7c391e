import { readFile, writeFile } from "node:fs/promises";
import {
  checkpointText,
  type DeploymentJson,
  exportDeployment,
  requireVersion,
  snapshotFromJson,
  type UntypedDeployment,
} from "../checkpoint.ts";
import {
  backendOf,
  type CommandContext,
  passphraseOf,
  type StackContext,
  stackContext,
} from "../commandContext.ts";
import { loadConfig } from "../config.ts";
import { newSalt } from "../crypter.ts";
import { EngineError, REFUSED_EXIT_CODE, refuse } from "../errors.ts";
import { readHistory } from "../history.ts";
import { breakLocks } from "../lock.ts";
import { loadProject, parseYaml } from "../project.ts";
import { SecretsManager } from "../secrets.ts";
import { verifyIntegrity } from "../snapshot.ts";
import { loadStack, readStack, refuseForeign, secretsOf, withLock } from "../stackFile.ts";

/** Makes an empty stack whose secrets use the salt of the environment's config file. */
export async function initStack(context: CommandContext): Promise<void> {
  const name = context.invocation.positional[0];
  if (name === undefined) throw new EngineError("`pulumi stack init` needs a stack name", REFUSED_EXIT_CODE);
  const provider = context.invocation.flags.get("--secrets-provider") ?? "default";
  if (provider !== "default" && provider !== "passphrase") throw refuse(`the secrets provider '${provider}'`);
  const stack = await stackContext(context, name);
  const { backend, id } = stack;
  const exists = new EngineError(`stack 'organization/${id.project}/${id.stack}' already exists`);
  if ((await backend.readState(id)) !== undefined) throw exists;
  const passphrase = await passphraseOf(context.environment);
  const salt = (await configSalt(context, stack)) ?? (await newSalt(passphrase()));
  const secrets = new SecretsManager({ type: "passphrase", state: { salt } }, passphrase, context.crypters);
  await backend.prepare(id);
  const empty = { resources: [], pendingOperations: [] };
  context.onPoint("state:init:before");
  const text = checkpointText(`${id.project}/${id.stack}`, empty, secrets);
  if (!(await backend.createCheckpoint(id, text))) throw exists;
  context.onPoint("state:init:after");
  context.out(`Created stack '${id.stack}'\n`);
}

async function configSalt(
  context: CommandContext,
  { project, id }: StackContext,
): Promise<string | undefined> {
  const file = context.environment.PULUMI_OPTION_CONFIG_FILE || undefined;
  return (await loadConfig(project, id.stack, file)).salt;
}

/** Checks that the stack exists; nothing is remembered, every command names its stack. */
export async function selectStack(context: CommandContext): Promise<void> {
  if (context.invocation.flags.has("--create")) throw refuse("the flag `--create` of `pulumi stack select`");
  await requireStack(await stackContext(context));
}

async function requireStack(stack: StackContext): Promise<void> {
  if ((await stack.backend.readState(stack.id)) !== undefined) return;
  throw new EngineError(`no stack named '${stack.id.stack}' found`);
}

export async function listStacks(context: CommandContext): Promise<void> {
  const project = context.invocation.flags.has("--all") ? undefined : await loadProject(context.cwd);
  const backend = backendOf(context, project);
  const stacks = (await backend.listStacks()).filter(
    (id) => project === undefined || id.project === project.name,
  );
  const rows = await Promise.all(
    stacks.map(async (id) => ({
      name: project === undefined ? `organization/${id.project}/${id.stack}` : id.stack,
      current: false,
      lastUpdate: (await backend.lastUpdate(id)).toISOString(),
      updateInProgress: false,
    })),
  );
  if (context.invocation.flags.has("--json")) context.out(`${JSON.stringify(rows, null, 2)}\n`);
  else for (const { name, lastUpdate } of rows) context.out(`${name}  ${lastUpdate}\n`);
}

/**
 * Removes a stack without resources; config files are left alone. Components and Pulumi's own don't count, for
 * which the official CLI wants `--force`: nothing of them is anywhere, and under the lock nobody else adds to them.
 */
export async function removeStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  await withLock(context, stack, async () => {
    const { deployment } = await readStack(stack);
    if (!isEmptied(deployment) && !context.invocation.flags.has("--force")) {
      throw new EngineError(
        `'${stack.id.stack}' still has resources; removal rejected. Run \`pulumi destroy\` first, or \`--force\` to forget them`,
      );
    }
    await stack.backend.remove(stack.id);
  });
  context.out(`Stack '${stack.id.stack}' has been removed!\n`);
}

/** Pulumi's own types are the stack's entry, providers and references to other stacks. */
function isEmptied({ resources = [], pending_operations: pending = [] }: DeploymentJson): boolean {
  const isReal = ({ custom, type }: Record<string, unknown>): boolean =>
    custom === true && !String(type).startsWith("pulumi:");
  return pending.length === 0 && !resources.some(isReal);
}

/** Removes the stack's locks, whoever holds them; after a run that was cut off its state is finished too. */
export async function cancelStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  await requireStack(stack);
  const { wasHeld } = await breakLocks(stack.backend, stack.id);
  if (!wasHeld) await withLock(context, stack, async () => undefined);
  context.out(`The currently running update for '${stack.id.stack}' has been canceled!\n`);
}

export async function exportStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const showSecrets = context.invocation.flags.has("--show-secrets");
  const file = context.invocation.flags.get("--file");
  const { snapshot, secrets, checkpoint } = await loadStack(context, stack);
  const provider = checkpoint.deployment.secrets_providers;
  const text = `${JSON.stringify(exportDeployment(snapshot, provider, secrets, showSecrets), null, 4)}\n`;
  if (file === undefined) context.out(text);
  else await writeFile(file, text);
}

/** Puts a deployment in place of the stack's own; one of another stack is refused. */
export async function importStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const file = context.invocation.flags.get("--file");
  if (file === undefined) throw refuse("`pulumi stack import` from standard input (no `--file`)");
  const imported = parseYaml(await readFile(file, "utf8"), file) as UntypedDeployment;
  requireVersion(imported.version, imported.features);
  await withLock(context, stack, async () => {
    const { deployment } = await readStack(stack);
    const secrets = await secretsOf(context, { ...deployment, ...imported.deployment }, undefined);
    await secrets?.unlock();
    const snapshot = snapshotFromJson(imported.deployment, secrets);
    if (!context.invocation.flags.has("--force")) refuseForeign(stack, snapshot);
    verifyIntegrity(snapshot.resources);
    const name = `${stack.id.project}/${stack.id.stack}`;
    context.onPoint("state:import:before");
    await stack.backend.writeCheckpoint(stack.id, checkpointText(name, snapshot, secrets));
    context.onPoint("state:import:after");
  });
  context.out("Import complete.\n");
}

/** Runs of the stack, the latest first. */
export async function showHistory(context: CommandContext): Promise<void> {
  const { flags } = context.invocation;
  const stack = await stackContext(context);
  const pageSize = flags.get("--page-size");
  const size = pageSize === undefined ? undefined : Number(pageSize);
  const entries = await readHistory(stack.backend, stack.id, size, Number(flags.get("--page") ?? 1));
  const rows = entries.map((entry) => ({
    kind: entry.kind,
    startTime: new Date(entry.startTime * 1000).toISOString(),
    message: entry.message,
    environment: entry.environment,
    config: Object.fromEntries(
      Object.entries(entry.config ?? {}).map(([key, value]) => [key, shownConfig(value)]),
    ),
    result: entry.result,
    endTime: new Date(entry.endTime * 1000).toISOString(),
    ...(entry.resourceChanges === undefined ? {} : { resourceChanges: entry.resourceChanges }),
  }));
  if (flags.has("--json")) context.out(`${JSON.stringify(rows, null, 2)}\n`);
  else for (const { kind, startTime, result } of rows) context.out(`${startTime}  ${kind}  ${result}\n`);
}

/** Secrets are never shown in history, also not with `--show-secrets`. */
function shownConfig(value: unknown): { readonly value?: string; readonly secret: boolean } {
  if (typeof value === "string") return { value, secret: false };
  const { object } = value as { object?: string };
  return object === undefined || object.includes('"secure"')
    ? { secret: true }
    : { value: object, secret: false };
}
