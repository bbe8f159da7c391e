import { setTimeout as pause } from "node:timers/promises";
import type { DeletedSecret, KeyVaultSecret, SecretClient } from "@azure/keyvault-secrets";
import { takeTurn } from "./requestCap.ts";
import { isLoopback, secretClient } from "./secretClient.ts";
import { conflictOf, explainVault, statusOf, VaultUnreachableError } from "./vaultErrors.ts";

/** How long a recovery or deletion that is under way in the vault is waited for; Azure needs seconds. */
const SETTLE_TIMEOUT_MS = 120_000;
const SETTLE_FIRST_PAUSE_MS = 100;
/** How often the SDK asks whether a deletion or recovery has ended. */
const AZURE_POLL_MS = 1_000;
const LOOPBACK_POLL_MS = 20;
const SETTLE_MAX_PAUSE_MS = 2_000;

/** A secret as the vault has it. */
export type FoundSecret =
  | {
      readonly state: "present";
      readonly value: string;
      readonly version: string;
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly state: "deleted"; readonly tags: Readonly<Record<string, string>> };

/** Secrets of one vault by name. Every method throws `VaultUnreachableError` or `VaultRefusedError`. */
export interface SecretVault {
  readonly url: string;
  /** The value, or undefined when there is none (a soft-deleted one counts as none). */
  get(name: string): Promise<string | undefined>;
  /** Value, version and tags; a soft-deleted name shows its tags only. */
  find(name: string): Promise<FoundSecret | undefined>;
  /**
   * Makes `value` the current version with `tags`. Recovers a soft-deleted name, waits while the vault deletes
   * or recovers it, writes no version for an equal value, and corrects the tags.
   */
  put(name: string, value: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Soft-deletes; a name that isn't there is done. Returns once the name no longer answers. */
  remove(name: string): Promise<void>;
}

/** Opens nothing: the SDK is loaded and the vault asked on the first call. */
export function openVault(url: string): SecretVault {
  const ask = <T>(call: (client: SecretClient) => Promise<T>) => askVault(url, call);
  return {
    url,
    get: async (name) => (await ask((client) => getSecret(client, name)))?.value,
    find: (name) => ask((client) => findSecret(client, name)),
    put: (name, value, tags) => ask((client) => putSecret(client, name, value, tags)),
    remove: (name) => ask((client) => removeSecret(client, name)),
  };
}

async function askVault<T>(url: string, call: (client: SecretClient) => Promise<T>): Promise<T> {
  const release = await takeTurn(url);
  try {
    return await call(await secretClient(url));
  } catch (error) {
    throw error instanceof VaultUnreachableError ? error : explainVault(url, error);
  } finally {
    release();
  }
}

async function findSecret(client: SecretClient, name: string): Promise<FoundSecret | undefined> {
  const secret = await getSecret(client, name);
  if (secret !== undefined) return present(secret);
  const deleted = await getDeleted(client, name);
  return deleted === undefined ? undefined : { state: "deleted", tags: deleted.properties.tags ?? {} };
}

async function putSecret(
  client: SecretClient,
  name: string,
  value: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const write = async () => {
    const current = await getSecret(client, name);
    if (current === undefined || current.value !== value) {
      await client.setSecret(name, value, { tags: { ...tags } });
      return;
    }
    if (sameTags(current.properties.tags ?? {}, tags)) return;
    await client.updateSecretProperties(name, current.properties.version ?? "", { tags: { ...tags } });
  };
  await untilSettled(client, name, write, () => recover(client, name));
}

async function removeSecret(client: SecretClient, name: string): Promise<void> {
  const deleteIt = async () => {
    if ((await getSecret(client, name)) === undefined) return;
    const poller = await noneWhenMissing(() =>
      client.beginDeleteSecret(name, { intervalInMs: pollMs(client) }),
    );
    await poller?.pollUntilDone();
  };
  await untilSettled(client, name, deleteIt, async () => undefined);
}

/** Repeats `attempt` for as long as the vault names a state that passes by itself or that `onDeleted` ends. */
async function untilSettled(
  client: SecretClient,
  name: string,
  attempt: () => Promise<void>,
  onDeleted: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  let pauseMs = SETTLE_FIRST_PAUSE_MS;
  for (;;) {
    const conflict = await conflictIn(attempt);
    if (conflict === undefined) return;
    if (Date.now() > deadline) {
      throw new VaultUnreachableError(
        client.vaultUrl,
        `secret '${name}' stayed in state ${conflict} for ${SETTLE_TIMEOUT_MS / 1000} s.`,
      );
    }
    if (conflict === "ObjectIsDeletedButRecoverable") await onDeleted();
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 2, SETTLE_MAX_PAUSE_MS);
  }
}

async function conflictIn(attempt: () => Promise<void>) {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    const conflict = conflictOf(error);
    if (conflict === undefined) throw error;
    return conflict;
  }
}

/** Starts a recovery. Another process may be first: 404 (no longer deleted) and 409 (already under way) are fine. */
async function recover(client: SecretClient, name: string): Promise<void> {
  try {
    const poller = await client.beginRecoverDeletedSecret(name, { intervalInMs: pollMs(client) });
    await poller.pollUntilDone();
  } catch (error) {
    if (statusOf(error) !== 404 && conflictOf(error) === undefined) throw error;
  }
}

function pollMs({ vaultUrl }: SecretClient): number {
  return isLoopback(vaultUrl) ? LOOPBACK_POLL_MS : AZURE_POLL_MS;
}

async function getSecret(client: SecretClient, name: string): Promise<KeyVaultSecret | undefined> {
  return noneWhenMissing(() => client.getSecret(name));
}

async function getDeleted(client: SecretClient, name: string): Promise<DeletedSecret | undefined> {
  return noneWhenMissing(() => client.getDeletedSecret(name));
}

async function noneWhenMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function present(secret: KeyVaultSecret): FoundSecret {
  return {
    state: "present",
    value: secret.value ?? "",
    version: secret.properties.version ?? "",
    tags: secret.properties.tags ?? {},
  };
}

function sameTags(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}
