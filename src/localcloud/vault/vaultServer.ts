import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { withFaults } from "../faults/index.ts";
import { closeServer, listenOnLoopback, readBody, sendJson } from "../jsonHttp.ts";
import { type ServiceContext, VAULT_RESOURCES } from "../service.ts";
import { assertAuthorized } from "./authorization.ts";
import type { BundleContext } from "./secretBundle.ts";
import { answerSecretRequest } from "./secretRoutes.ts";
import type { Secrets } from "./secrets.ts";
import { badParameter, tooManyRequests, VaultError } from "./vaultError.ts";
import { vaultId } from "./vaultId.ts";

/** Where Azure's challenge sends clients; the managed identity's client never goes there. */
const CHALLENGE = `Bearer authorization="https://login.microsoftonline.com/10ca1000-0000-4000-8000-000000000002", resource="${VAULT_RESOURCES[0]}"`;

/** One vault's data plane over HTTPS. */
export interface VaultServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What one vault's server is made of. */
export interface VaultOrder {
  readonly name: string;
  readonly port: number;
  readonly secrets: Secrets;
  readonly isPurgeProtected: () => boolean;
  /** Seconds to wait, for a request that is one too many. */
  readonly throttle: () => number | undefined;
}

type VaultContext = Pick<ServiceContext, "certificate" | "faults" | "names" | "store" | "tokens">;

/** Listens on the vault's own port. */
export async function serveVault(context: VaultContext, order: VaultOrder): Promise<VaultServer> {
  const { cert, key } = context.certificate;
  const place = { service: "vault", name: order.name } as const;
  const handle = withFaults(context.faults, place, (request, response) => {
    void answer(context, order, request, response);
  });
  const server: Server = createServer({ cert, key }, handle);
  await listenOnLoopback(server, order.port, `Key Vault '${order.name}'`);
  return { url: urlOf(order), close: () => closeServer(server) };
}

function urlOf({ port }: VaultOrder): string {
  return `https://127.0.0.1:${port}`;
}

async function answer(
  { tokens, names, store }: VaultContext,
  order: VaultOrder,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request);
    const waitSeconds = order.throttle();
    if (waitSeconds !== undefined)
      return refuse(response, tooManyRequests(), { "retry-after": String(waitSeconds) });
    const principal = tokens.principalOf(request.headers.authorization, VAULT_RESOURCES);
    if (principal === undefined) return challenge(request, response);
    const parsed = parse(request, body);
    assertAuthorized(principal, parsed, { name: order.name, idOf: (name) => vaultId(store, name) }, names);
    const { status, body: result } = await answerSecretRequest(order.secrets, bundleContext(order), parsed);
    sendJson(response, status, result);
  } catch (error) {
    if (!(error instanceof VaultError)) console.error(error);
    refuse(response, error instanceof VaultError ? error : internalError());
  }
}

function bundleContext(order: VaultOrder): BundleContext {
  return {
    url: urlOf(order),
    recoverableDays: order.secrets.retentionDays,
    isPurgeProtected: order.isPurgeProtected(),
  };
}

function internalError(): VaultError {
  return new VaultError(500, "InternalServerError", "The local cloud's Key Vault failed; its log says why.");
}

function refuse(
  response: ServerResponse,
  refusal: VaultError,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!response.headersSent) sendJson(response, refusal.status, refusal.body(), headers);
}

function challenge(request: IncomingMessage, response: ServerResponse): void {
  const isMissing = request.headers.authorization === undefined;
  const message = isMissing
    ? "AKV10000: Request is missing a Bearer or PoP token."
    : "AKV10032: Invalid issuer or expired token: it was not issued by this local cloud for Key Vault.";
  refuse(response, new VaultError(401, "Unauthorized", message), { "www-authenticate": CHALLENGE });
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
