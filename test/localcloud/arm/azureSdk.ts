import type { Harness } from "./harness.ts";

interface Request {
  readonly headers: { set(name: string, value: string): void };
}
/** What Microsoft's management clients have in common. */
interface AzureClient {
  readonly pipeline: {
    removePolicy(options: { name: string }): unknown;
    addPolicy(policy: {
      name: string;
      // biome-ignore lint/suspicious/noExplicitAny: the generations of the SDK's core have types of their own
      sendRequest: (request: any, next: (request: any) => Promise<any>) => Promise<any>;
    }): void;
  };
}

/** Between two polls of an operation. */
export const POLLING = { updateIntervalInMs: 20 };

/** Credential and options that lead a client to the local Resource Manager. */
export function localAzure({ context }: Harness) {
  const url = `http://127.0.0.1:${context.portOf("arm")}`;
  return {
    credential: {
      getToken: async () => ({
        token: context.tokens.issue("https://management.azure.com"),
        expiresOnTimestamp: Date.now() + 60_000,
      }),
    },
    options: { endpoint: url, $host: url, allowInsecureConnection: true },
  };
}

/** The SDK itself never sends a token over plain HTTP: that one policy is replaced. */
export function sendTokenPlainly<Client extends AzureClient>(client: Client, { context }: Harness): Client {
  client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  client.pipeline.addPolicy({
    name: "plainToken",
    sendRequest: (request: Request, next) => {
      request.headers.set("authorization", `Bearer ${context.tokens.issue("https://management.azure.com")}`);
      return next(request);
    },
  });
  return client;
}

/** Everything an SDK's iterator answers. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
