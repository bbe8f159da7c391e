import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import type { SecretClient } from "@azure/keyvault-secrets";
import { deadlinePolicy, withTokenDeadline } from "./requestDeadline.ts";

/** Retries of one request inside the SDK; with `Retry-After` honoured this outlasts a burst of 429. */
const MAX_RETRIES = 5;
const RETRY_DELAY_MS = 200;
const MAX_RETRY_DELAY_MS = 8_000;

const clients = new Map<string, Promise<SecretClient>>();

/**
 * The process's one SDK client for a vault: it keeps the token and the connection. The SDK is loaded on the
 * first call, never before. A certificate authority of one's own comes from `NODE_EXTRA_CA_CERTS`, which Node
 * itself reads only at its start.
 */
export function secretClient(vaultUrl: string): Promise<SecretClient> {
  const { NODE_EXTRA_CA_CERTS: ca, IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = process.env;
  const key = [vaultUrl, ca, endpoint, header].join(" ");
  const known = clients.get(key);
  if (known !== undefined) return known;
  const opened = openClient(vaultUrl);
  clients.set(key, opened);
  opened.catch(() => clients.delete(key));
  return opened;
}

async function openClient(vaultUrl: string): Promise<SecretClient> {
  const [{ SecretClient: Client }, { DefaultAzureCredential }, ca] = await Promise.all([
    import("@azure/keyvault-secrets"),
    import("@azure/identity"),
    trustedAuthorities(vaultUrl),
  ]);
  const identity = new DefaultAzureCredential();
  const credential = {
    getToken: (...asked: Parameters<typeof identity.getToken>) =>
      withTokenDeadline(identity.getToken(...asked)),
  };
  return new Client(vaultUrl, credential, {
    additionalPolicies: [{ policy: deadlinePolicy(), position: "perRetry" }],
    retryOptions: {
      maxRetries: MAX_RETRIES,
      retryDelayInMs: RETRY_DELAY_MS,
      maxRetryDelayInMs: MAX_RETRY_DELAY_MS,
    },
    // Azure's own vaults answer with their domain as the token's audience; a loopback one can't.
    disableChallengeResourceVerification: isLoopback(vaultUrl),
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  });
}

/** Undefined for Node's own. Reading the 140 public ones costs 30 ms a connection, and none of them vouches for loopback. */
async function trustedAuthorities(vaultUrl: string): Promise<string | undefined> {
  const path = process.env.NODE_EXTRA_CA_CERTS;
  if (path === undefined || path === "") return undefined;
  const own = await readFile(path, "utf8");
  return isLoopback(vaultUrl) ? own : [own, ...rootCertificates].join("\n");
}

/** True for an address of this machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
