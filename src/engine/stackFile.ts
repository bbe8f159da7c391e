import {
  type DeploymentJson,
  hasSecrets,
  parseCheckpoint,
  snapshotFromJson,
  type UntypedDeployment,
} from "./checkpoint.ts";
import { type CommandContext, passphraseOf, type StackContext } from "./commandContext.ts";
import { EngineError } from "./errors.ts";
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
  const text = await backend.readCheckpoint(id);
  if (text === undefined) throw new EngineError(`no stack named '${id.stack}' found`);
  return parseCheckpoint(text, backend.checkpointPath(id));
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
  return { checkpoint, snapshot, secrets };
}

/** The stack's own salt, else the config file's. */
export async function secretsOf(
  context: CommandContext,
  deployment: DeploymentJson,
  salt: string | undefined,
): Promise<SecretsManager | undefined> {
  const own = deployment.secrets_providers;
  const provider = own?.type ? own : salt === undefined ? undefined : { type: "passphrase", state: { salt } };
  if (provider === undefined) return undefined;
  return new SecretsManager(provider, await passphraseOf(context.environment), context.crypters);
}
