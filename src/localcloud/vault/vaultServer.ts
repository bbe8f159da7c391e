import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { closeServer, listenOnLoopback, readBody, sendJson } from "../jsonHttp.ts";
import { type ServiceContext, VAULT_RESOURCES } from "../service.ts";
import type { BundleContext } from "./secretBundle.ts";
import { answerSecretRequest } from "./secretRoutes.ts";
import type { Secrets } from "./secrets.ts";
import { badParameter, VaultError } from "./vaultError.ts";

/** Where Azure's challenge sends clients; the managed identity's client never goes there. */
const CHALLENGE = `Bearer authorization="https://login.microsoftonline.com/10ca1000-0000-4000-8000-000000000002", resource="${VAULT_RESOURCES[0]}"`;

/** One vault's data plane over HTTPS. */
export interface VaultServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on the vault's own port. */
export async function serveVault(
  context: Pick<ServiceContext, "certificate" | "tokens">,
  name: string,
  port: number,
  secrets: Secrets,
  isPurgeProtected: () => boolean,
): Promise<VaultServer> {
  const url = `https://127.0.0.1:${port}`;
  const bundleContext = (): BundleContext => ({
    url,
    recoverableDays: secrets.retentionDays,
    isPurgeProtected: isPurgeProtected(),
  });
  const { cert, key } = context.certificate;
  const server: Server = createServer({ cert, key }, (request, response) => {
    void answer(context, secrets, bundleContext(), request, response);
  });
  await listenOnLoopback(server as never, port, `Key Vault '${name}'`);
  return { url, close: () => closeServer(server as never) };
}

async function answer(
  { tokens }: Pick<ServiceContext, "tokens">,
  secrets: Secrets,
  context: BundleContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request);
    if (!tokens.isAuthorized(request.headers.authorization, VAULT_RESOURCES))
      return challenge(request, response);
    const { status, body: result } = await answerSecretRequest(secrets, context, parse(request, body));
    sendJson(response, status, result);
  } catch (error) {
    const refusal =
      error instanceof VaultError ? error : new VaultError(500, "InternalServerError", String(error));
    if (!response.headersSent) sendJson(response, refusal.status, refusal.body());
  }
}

function challenge(request: IncomingMessage, response: ServerResponse): void {
  const isMissing = request.headers.authorization === undefined;
  const message = isMissing
    ? "AKV10000: Request is missing a Bearer or PoP token."
    : "AKV10032: Invalid issuer or expired token: it was not issued by this local cloud for Key Vault.";
  const refusal = new VaultError(401, "Unauthorized", message);
  sendJson(response, 401, refusal.body(), { "www-authenticate": CHALLENGE });
}

function parse(request: IncomingMessage, body: string | undefined) {
  const url = new URL(request.url ?? "/", "https://localhost");
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  return {
    method: request.method ?? "",
    segments: segments.map(decode),
    query: url.searchParams,
    body: () => parseJson(body),
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) throw badParameter(`The request URI contains an invalid name: ${segment}`);
    throw error;
  }
}

function parseJson(body: string | undefined): unknown {
  if (body === undefined) throw badParameter("The request body is too long.");
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) throw badParameter("The request body is not JSON.");
    throw error;
  }
}
