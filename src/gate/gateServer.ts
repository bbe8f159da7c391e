import http from "node:http";
import { pipeline } from "node:stream";
import type { GateAnswer } from "./answer.ts";
import { clientHeaders, upstreamHeaders } from "./forwardedHeaders.ts";
import type { Gate } from "./gate.ts";
import { refuseUpgrade, sendRefusal } from "./refusalWriter.ts";
import { type Placed, placeOf } from "./requestPlace.ts";
import type { GateTenant } from "./tenantFound.ts";
import { joinUpgrade, type UpgradingClient } from "./upgrade.ts";
import { failureOf, Upstream, type UpstreamRequest } from "./upstream.ts";

const MAX_CONNECTIONS = 4_096;
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** How often overdue clients are looked for. */
const CHECK_MS = 5_000;
const UPSTREAM_TIMEOUT_MS = 60_000;
const MAX_HEADER_BYTES = 32 * 1024;

export interface GateServerOptions {
  /** The tenants' application, e.g. `http://127.0.0.1:8080`; a function picks one by tenant, undefined while the gate is off. */
  readonly upstream: string | ((tenant: GateTenant | undefined) => string);
  /** Whether `X-Forwarded-For` and `X-Forwarded-Proto` of a request are believed: only behind a proxy of one's own. Default false. */
  readonly isProxyTrusted?: boolean;
  /** How long the application may be silent, in ms; default 60 s. */
  readonly upstreamTimeoutMs?: number;
  /** How long a client may take to send a whole request, in ms; default 300 s. */
  readonly requestTimeoutMs?: number;
  /** Most connections of clients at once; default 4,096. */
  readonly maxConnections?: number;
}

/** A reverse proxy: asks the gate about every request and passes on what it lets through. The caller listens and closes. */
export function createGateServer(gate: Gate, options: GateServerOptions): http.Server {
  const upstream = new Upstream(options.upstreamTimeoutMs ?? UPSTREAM_TIMEOUT_MS);
  const passage: Passage = { gate, upstream, options };
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      requestTimeout,
      connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeout),
      // Two Host headers and the like are refused by us, with a body that says so.
      requireHostHeader: false,
    },
    (request, response) => {
      // What nobody foresaw ends one request, never the process.
      pass(passage, request, response).catch((error: Error) => response.destroy(error));
    },
  );
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    passUpgrade(passage, request, { socket, head }).catch((error: Error) => socket.destroy(error));
  });
  server.on("close", () => upstream.close());
  return server;
}

interface Passage {
  readonly gate: Gate;
  readonly upstream: Upstream;
  readonly options: GateServerOptions;
}

type Decided =
  | { readonly kind: "through"; readonly place: Extract<Placed, { kind: "place" }>; readonly answer: Through }
  | Extract<GateAnswer, { kind: "refused" }>;
type Through = Exclude<GateAnswer, { kind: "refused" }>;

async function decide(gate: Gate, request: http.IncomingMessage): Promise<Decided> {
  const place = placeOf(request);
  if (place.kind === "refused") return place;
  const answer = await gate.resolve(place);
  return answer.kind === "refused" ? answer : { kind: "through", place, answer };
}

/** The request as the application gets it. */
function sending(
  { place, answer }: Extract<Decided, { kind: "through" }>,
  { upstream, isProxyTrusted = false }: GateServerOptions,
  request: http.IncomingMessage,
  upgrade?: string,
): UpstreamRequest {
  const tenant = answer.kind === "tenant" ? answer.tenant : undefined;
  const forwarding = { request, host: place.host, answer, isProxyTrusted };
  return {
    url: typeof upstream === "string" ? upstream : upstream(tenant),
    method: request.method ?? "GET",
    target: place.target,
    headers: upstreamHeaders(upgrade === undefined ? forwarding : { ...forwarding, upgrade }),
  };
}

async function pass(
  { gate, upstream, options }: Passage,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const decided = await decide(gate, request);
  if (decided.kind === "refused") sendRefusal(response, decided);
  else forward(upstream, sending(decided, options, request), { request, response });
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
}

function forward(upstream: Upstream, sent: UpstreamRequest, { request, response }: Exchange): void {
  const onward = upstream.begin(sent);
  const giveUp = () => response.writableFinished || onward.destroy();
  response.once("close", giveUp);
  onward.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, clientHeaders(answer));
    // Either side that goes away ends the other; a cut answer is cut for the client too.
    pipeline(answer, response, (error) => error && onward.destroy());
  });
  onward.once("error", (error) => {
    onward.on("error", () => undefined);
    response.off("close", giveUp);
    if (isWorthRepeating(onward, error, { request, response }))
      forward(upstream, sent, { request, response });
    else sendRefusal(response, failureOf(error));
  });
  request.pipe(onward);
}

/** A kept connection that the upstream closed just then: nothing was read of a request that has no body. */
function isWorthRepeating(
  onward: http.ClientRequest,
  error: NodeJS.ErrnoException,
  { request, response }: Exchange,
): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const isBodyless = length === undefined && encoding === undefined;
  const isSafe = request.method === "GET" || request.method === "HEAD";
  return onward.reusedSocket && error.code === "ECONNRESET" && isBodyless && isSafe && !response.headersSent;
}

async function passUpgrade(
  { gate, upstream, options }: Passage,
  request: http.IncomingMessage,
  client: UpgradingClient,
): Promise<void> {
  const decided = await decide(gate, request);
  if (decided.kind === "refused") refuseUpgrade(client.socket, decided);
  else joinUpgrade(upstream, sending(decided, options, request, request.headers.upgrade), client);
}
