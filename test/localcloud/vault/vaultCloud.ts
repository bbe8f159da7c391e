import https from "node:https";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { onTestFinished } from "vitest";
import { type Core, openCore } from "../../../src/localcloud/daemon/core.ts";
import {
  createIdentityService,
  IDENTITY_PATH,
  identityHeader,
} from "../../../src/localcloud/identity/index.ts";
import { openVaults } from "../../../src/localcloud/vault/index.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";

/** How long a deletion or recovery takes in these tests. */
export const SETTLE_MS = 600;

/** The parts of the local cloud that a vault needs, in this process, on a home of its own. */
export interface VaultCloud {
  readonly home: Awaited<ReturnType<typeof temporaryHome>>;
  core: Core;
  /** The vault `tenants`. */
  readonly url: string;
  /** Lets go of the home and opens it again, as a new daemon does. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function startVaultCloud(): Promise<VaultCloud> {
  process.env.TENANTRY_LOCAL_VAULT_SETTLE_MS = String(SETTLE_MS);
  const home = await temporaryHome();
  const identity = createIdentityService();
  const core = await openCore(home, ROOT);
  const { identity: port } = await identity.start(core.context);
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${port}${IDENTITY_PATH}`;
  process.env.IDENTITY_HEADER = await identityHeader(home.keys);
  const { url } = await core.vaults.ensure("tenants", {});
  const closeCore = async () => {
    await cloud.core.vaults.close();
    await cloud.core.store.close();
  };
  const cloud: VaultCloud = {
    home,
    core,
    url,
    reopen: async () => {
      await closeCore();
      cloud.core = await openCore(home, ROOT);
      await cloud.core.vaults.start();
    },
    close: async () => {
      await identity.stop();
      await closeCore();
      await home.remove();
    },
  };
  return cloud;
}

/** The SDK's own client, by default without its retries. */
export function clientOf({ core, url }: VaultCloud, vaultUrl = url, maxRetries = 0): SecretClient {
  return new SecretClient(vaultUrl, new DefaultAzureCredential(), {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: core.context.certificate.ca },
    retryOptions: { maxRetries },
  });
}

/** Another vault of the same home, whose time passes only when the test says so. */
export async function vaultInStillTime(cloud: VaultCloud, vault: string) {
  let now = Date.now();
  const vaults = await openVaults(cloud.core.context, () => now);
  const { url } = await vaults.ensure(vault, {});
  onTestFinished(() => vaults.close());
  const pass = (ms: number): void => {
    now += ms;
  };
  return { client: clientOf(cloud, url), pass };
}

/** Status, code, message and inner code of a refusal; what came back when it was none. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    const { statusCode, code, details } = error as { statusCode: number; code: string; details?: Details };
    if (details === undefined) throw error;
    return { statusCode, code, message: details.error.message, inner: details.error.innerError?.code };
  }
}

interface Details {
  readonly error: { readonly message: string; readonly innerError?: { readonly code: string } };
}

export async function deleteSecret(client: SecretClient, name: string): Promise<void> {
  await (await client.beginDeleteSecret(name, { intervalInMs: 10 })).pollUntilDone();
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

/** One request past the SDK. */
export function raw(
  { core, url }: VaultCloud,
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { ca } = core.context.certificate;
    const request = https.request(`${url}${target}`, { method, headers, ca }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      const answer = () => ({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: text === "" ? {} : JSON.parse(text),
      });
      response.on("end", () => resolve(answer()));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** A header with a token for Key Vault. */
export function authorized({ core }: VaultCloud): Record<string, string> {
  return { authorization: `Bearer ${core.context.tokens.issue("https://vault.azure.net")}` };
}
