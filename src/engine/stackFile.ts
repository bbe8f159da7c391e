import { FileBackend } from "./backend.ts";
import { type DeploymentJson, hasSecrets, snapshotFromJson, type UntypedDeployment } from "./checkpoint.ts";
import { type CommandContext, passphraseOf, type StackContext } from "./commandContext.ts";
import { EngineError } from "./errors.ts";
import { lockStack } from "./lock.ts";
import { SecretsManager } from "./secrets.ts";
import { type Snapshot, verifyIntegrity } from "./snapshot.ts";

/** A stack's checkpoint as it was read. */
export interface LoadedStack {
  readonly checkpoint: UntypedDeployment;
  readonly snapshot: Snapshot;
  /** Undefined when the stack has no salt of its own. */
  readonly secrets: SecretsManager | undefined;
}

/** A stack's checkpoint text, parsed; throws when there is no such stack. */
export async function readStack({ backend, id }: StackContext): Promise<UntypedDeployment> {
  const file = await backend.readState(id);
  if (file === undefined) throw new EngineError(`no stack named '${id.stack}' found`);
  return file.state;
}

/** Reads, decrypts and verifies a stack. */
export async function loadStack(
  context: CommandContext,
  stack: StackContext,
  salt?: string,
): Promise<LoadedStack> {
  const checkpoint = await readStack(stack);
  const secrets = await secretsOf(context, checkpoint.deployment, salt);
  if (hasSecrets(checkpoint.deployment)) await secrets?.unlock();
  const snapshot = snapshotFromJson(checkpoint.deployment, secrets);
  verifyIntegrity(snapshot.resources);
  refuseForeign(stack, snapshot);
  return { checkpoint, snapshot, secrets };
}

/** The config file's salt, as the official CLI does; but the stack's own where secrets were sealed with it. */
export async function secretsOf(
  context: CommandContext,
  deployment: DeploymentJson,
  salt: string | undefined,
): Promise<SecretsManager | undefined> {
  const own = deployment.secrets_providers;
  const isKept = own?.type !== undefined && own.type !== "" && (salt === undefined || hasSecrets(deployment));
  const fromConfig = salt === undefined ? undefined : { type: "passphrase", state: { salt } };
  const provider = isKept ? own : fromConfig;
  if (provider === undefined) return undefined;
  return new SecretsManager(provider, await passphraseOf(context.environment), context.crypters);
}

/** Throws when a resource belongs to another stack: a state file that was copied here by mistake. */
export function refuseForeign({ id, backend }: StackContext, snapshot: Snapshot): void {
  const prefix = `urn:pulumi:${id.stack}::${id.project}::`;
  const states = [...snapshot.resources, ...snapshot.pendingOperations.map(({ resource }) => resource)];
  const foreign = states.find(({ urn }) => !urn.startsWith(prefix));
  if (foreign === undefined) return;
  throw new EngineError(
    `resource '${foreign.urn}' is not of the stack '${id.stack}' ('${backend.checkpointPath(id)}')`,
  );
}

/**
 * Works under a stack's lock, after what a run that was cut off left has been put in order; both are told.
 */
export async function withLock<Answer>(
  context: CommandContext,
  { backend, id }: StackContext,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const warn = (line: string): void => context.err(`warning: ${line}\n`);
  const lock = await lockStack(backend, id, warn);
  try {
    if (await backend.recover(id)) warn("finished the state of a run that was cut off, from its journal");
    return await work();
  } finally {
    await lock.release();
  }
}

/**
 * Under the stack's lock, puts what a cut-off run left in its journal into the checkpoint; true when there was
 * something. `backendUrl` is of the form `file://…`.
 */
export async function finishCutOffRun(backendUrl: string, project: string, stack: string): Promise<boolean> {
  const backend = new FileBackend(backendUrl, process.cwd());
  const id = { project, stack };
  const lock = await lockStack(backend, id, () => undefined);
  try {
    return await backend.recover(id);
  } finally {
    await lock.release();
  }
}
