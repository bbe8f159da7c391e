import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  checkpointText,
  type DeploymentJson,
  exportDeployment,
  requireVersion,
  snapshotFromJson,
  type UntypedDeployment,
} from "../checkpoint.ts";
import { deploymentProblem } from "../checkpointShape.ts";
import {
  backendOf,
  type CommandContext,
  configFileOf,
  passphraseOf,
  readStdin,
  type StackContext,
  stackContext,
} from "../commandContext.ts";
import { loadConfig } from "../config.ts";
import { newSalt } from "../crypter.ts";
import { writeWhole } from "../durableFile.ts";
import { EngineError, misuse, refuse, unwritable } from "../errors.ts";
import { breakLocks } from "../lock.ts";
import { loadProject, parseYaml } from "../project.ts";
import { SecretsManager } from "../secrets.ts";
import { verifyIntegrity } from "../snapshot.ts";
import { loadStack, readStack, refuseForeign, secretsOf, withLock } from "../stackFile.ts";
import { hasStateFile } from "../stateFile.ts";

/** Makes an empty stack whose secrets use the salt of the environment's config file. */
export async function initStack(context: CommandContext): Promise<void> {
  const { flags, positional } = context.invocation;
  const name = positional[0] ?? flags.get("--stack");
  if (name === undefined) throw misuse("`pulumi stack init` needs a stack name");
  if (positional.length > 0 && flags.has("--stack"))
    throw misuse("only one of --stack or argument stack name may be specified, not both");
  const provider = context.invocation.flags.get("--secrets-provider") ?? "default";
  if (provider !== "default" && provider !== "passphrase") throw refuse(`the secrets provider '${provider}'`);
  const stack = await stackContext(context, name);
  const { backend, id } = stack;
  const exists = new EngineError(`stack 'organization/${id.project}/${id.stack}' already exists`);
  if (await hasStateFile(backend, id)) throw exists;
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
  return (await loadConfig(project, id.stack, configFileOf(context))).salt;
}

/** Checks that the stack exists, or makes it; nothing is remembered, every command names its stack. */
export async function selectStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const isThere = await hasStateFile(stack.backend, stack.id);
  if (!isThere && context.invocation.flags.has("--create")) await initStack(context);
  else await requireStack(stack);
}

export async function requireStack(stack: StackContext): Promise<void> {
  if (await hasStateFile(stack.backend, stack.id)) return;
  throw new EngineError(`no stack named '${stack.id.stack}' found`);
}

/** The stacks of this project, of another one or of all. */
export async function listStacks(context: CommandContext): Promise<void> {
  const { flags } = context.invocation;
  const isAll = flags.has("--all");
  const project = isAll ? undefined : await loadProject(context.cwd);
  const wanted = flags.get("--project") ?? project?.name;
  const isNowhere = ![undefined, "", "organization"].includes(flags.get("--organization"));
  const backend = backendOf(context, project);
  const stacks = (await backend.listStacks()).filter(
    (id) => !isNowhere && (wanted === undefined || id.project === wanted),
  );
  const rows = await Promise.all(
    stacks.map(async (id) => ({
      name: id.project === project?.name ? id.stack : `organization/${id.project}/${id.stack}`,
      current: false,
      lastUpdate: (await backend.lastUpdate(id)).toISOString(),
      updateInProgress: false,
    })),
  );
  if (flags.has("--json")) context.out(`${JSON.stringify(rows, null, 2)}\n`);
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
  else await writeExport(resolve(context.cwd, file), text);
}

async function writeExport(file: string, text: string): Promise<void> {
  try {
    await writeWhole(file, text);
  } catch (error) {
    throw unwritable("export file", file, error, "It is as it was before.");
  }
}

/** Puts a deployment in place of the stack's own; one of another stack is refused. */
export async function importStack(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const file = context.invocation.flags.get("--file");
  const text =
    file === undefined ? await readStdin(context) : await readFile(resolve(context.cwd, file), "utf8");
  if (text === undefined)
    throw misuse("`pulumi stack import` needs a `--file`, or a deployment on standard input");
  const imported = parseExport(text, file ?? "standard input");
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

/** A deployment as `stack export` printed it; what is no whole one would empty the stack. */
function parseExport(text: string, file: string): UntypedDeployment {
  const json = parseYaml(text, file) as Partial<UntypedDeployment> | null;
  const { version, features, deployment } = json ?? {};
  if (typeof version !== "number" || typeof deployment !== "object" || deployment === null)
    throw new EngineError(`'${file}' is no export of a stack: it lacks 'version' or 'deployment'`);
  requireVersion(version, features, ` ('${file}')`);
  const problem = deploymentProblem(deployment);
  if (problem !== undefined) throw new EngineError(`'${file}' is no export of a stack: ${problem}`);
  return { version, ...(features === undefined ? {} : { features }), deployment };
}
