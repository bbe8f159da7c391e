import type { CdnManagementClient } from "@azure/arm-cdn";
import type { DnsManagementClient } from "@azure/arm-dns";
import type { DefaultAzureCredential } from "@azure/identity";
import { deadlinePolicy, withTokenDeadline } from "./requestDeadline.ts";

const AZURE_ARM_URL = "https://management.azure.com";
const TOKEN_SCOPE = "https://management.azure.com/.default";
const BEARER_POLICY = "bearerTokenAuthenticationPolicy";

/** The two management clients of one subscription. */
export interface ArmClients {
  readonly url: string;
  readonly dns: DnsManagementClient;
  readonly cdn: CdnManagementClient;
}

const opened = new Map<string, Promise<ArmClients>>();

/** Where Resource Manager is: `TENANTRY_ARM_URL` (the local cloud sets it) or Azure's. */
export function armUrl(): string {
  const url = process.env.TENANTRY_ARM_URL;
  return url === undefined || url === "" ? AZURE_ARM_URL : url.replace(/\/$/, "");
}

/** The process's clients for a subscription. The SDKs (300 ms) are loaded with the first call. */
export function armClients(subscriptionId: string): Promise<ArmClients> {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = process.env;
  const key = [armUrl(), subscriptionId, endpoint, header].join(" ");
  const known = opened.get(key);
  if (known !== undefined) return known;
  const clients = openClients(armUrl(), subscriptionId);
  opened.set(key, clients);
  clients.catch(() => opened.delete(key));
  return clients;
}

async function openClients(url: string, subscriptionId: string): Promise<ArmClients> {
  const sdk = await import("./armSdk.ts");
  const credential = withDeadline(new sdk.DefaultAzureCredential());
  const additionalPolicies = [{ policy: deadlinePolicy(), position: "perRetry" as const }];
  const allowInsecureConnection = isPlainLoopback(url);
  const options = { endpoint: url, $host: url, allowInsecureConnection, additionalPolicies };
  const clients = {
    url,
    dns: new sdk.DnsManagementClient(credential, subscriptionId, options),
    cdn: new sdk.CdnManagementClient(credential, subscriptionId, options),
  };
  if (isPlainLoopback(url))
    for (const client of [clients.dns, clients.cdn]) sendTokenPlainly(client, credential);
  return clients;
}

type Credential = Pick<DefaultAzureCredential, "getToken">;

function withDeadline(credential: Credential): Credential {
  return { getToken: (...asked) => withTokenDeadline(credential.getToken(...asked)) };
}

/** The SDK's own policy refuses to send a token over plain HTTP; on loopback, and only there, ours does. */
function sendTokenPlainly(client: DnsManagementClient | CdnManagementClient, credential: Credential): void {
  client.pipeline.removePolicy({ name: BEARER_POLICY });
  client.pipeline.addPolicy({
    name: "loopbackBearerToken",
    async sendRequest(request, next) {
      const token = await credential.getToken(TOKEN_SCOPE);
      request.headers.set("authorization", `Bearer ${token.token}`);
      return next(request);
    },
  });
}

function isPlainLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && (hostname === "localhost" || /^127(\.\d+){3}$/.test(hostname));
}
