import http from "node:http";
import { createProxyServer } from "httpxy";
import type { Site } from "../arm/armType.ts";
import { type Faults, withFaults } from "../faults/index.ts";
import { sendJson } from "../jsonHttp.ts";
import { cacheKey } from "./cacheKey.ts";
import type { EdgeCache } from "./edgeCache.ts";
import { dropReserved, originHeaders, reference } from "./edgeHeaders.ts";
import { type Keeping, keepAnswer, replay } from "./keeping.ts";
import { agentOf, connectOrigin } from "./originConnection.ts";
import { OriginRotation } from "./originRotation.ts";
import { type Destination, findDestination, type Origin } from "./routing.ts";

/** What `X-Cache` says where no cache is configured. */
const NOT_CACHED = "CONFIG_NOCACHE";

/** Resolves an origin's host name to an address of this machine; undefined for one outside it. */
export type ResolveOrigin = (origin: Origin) => string | undefined;

/** What every request passes through. */
interface Edge {
  readonly site: Site;
  readonly resolve: ResolveOrigin;
  readonly cache: EdgeCache;
  readonly rotation: OriginRotation;
  readonly proxy: ReturnType<typeof createProxyServer>;
  /** By request, while its origin is asked; without one the answer is not kept. */
  readonly keeping: WeakMap<http.IncomingMessage, Keeping>;
}

/** An address of this machine that nobody listens on: what a fault makes of an origin that is down. */
const NOWHERE = "http://127.0.0.1:1";

/** Front Door's HTTP face: picks by `Host` and path, answers from the cache or passes on to the first origin that it reaches. */
export function createFrontDoor(
  site: Site,
  resolve: ResolveOrigin,
  cache: EdgeCache,
  faults: Faults,
): http.Server {
  const proxy = createProxyServer();
  const edge: Edge = { site, resolve, cache, rotation: new OriginRotation(), proxy, keeping: new WeakMap() };
  proxy.on("proxyRes", (answer, request) => {
    const keeping = edge.keeping.get(request);
    if (keeping === undefined) answer.headers["x-cache"] = NOT_CACHED;
    else keepAnswer(keeping, answer);
    answer.headers["x-azure-ref"] = reference();
  });
  const isDown: Edge = { ...edge, resolve: () => NOWHERE };
  return http.createServer(
    withFaults(faults, { service: "frontDoor" }, (request, response, effect) =>
      handle(effect?.kind === "originDown" ? isDown : edge, request, response),
    ),
  );
}

interface Passage {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly host: string;
  readonly destination: Destination;
}

function handle(edge: Edge, request: http.IncomingMessage, response: http.ServerResponse): void {
  const host = hostOf(request);
  const [path = "/", query = ""] = splitUrl(request.url ?? "/");
  const found = findDestination(edge.site, host, path);
  if (found.kind !== "destination") {
    const why =
      found.kind === "unknownHost"
        ? "no approved domain on an enabled route"
        : `no route of it fits the path '${path}'`;
    refuse(response, 404, "HostNotFound", `Our services aren't available for '${host}': ${why}.`);
    return;
  }
  const { destination } = found;
  const keeping = keepingOf(edge.cache, request, destination, { host, path, query });
  const kept = keeping === undefined ? undefined : edge.cache.get(keeping.key, Date.now());
  if (kept !== undefined) {
    replay(response, kept, Date.now());
    return;
  }
  if (keeping !== undefined) edge.keeping.set(request, keeping);
  void pass(edge, { request, response, host, destination });
}

/** Only a GET on a route with a `cacheConfiguration` can be answered from the cache and be kept in it. */
function keepingOf(
  cache: EdgeCache,
  { method, headers }: http.IncomingMessage,
  { routeId, endpointId, caching }: Destination,
  place: { readonly host: string; readonly path: string; readonly query: string },
): Keeping | undefined {
  if (caching === undefined || method !== "GET") return undefined;
  const asked = { ...place, routeId, endpointId };
  const isAuthorized = headers.authorization !== undefined;
  return { cache, key: cacheKey(caching, asked), asked, isAuthorized, purges: cache.purges };
}

/** Tries origins until one takes the connection; what happens after that is answered, and never sent to another. */
async function pass(edge: Edge, passage: Passage): Promise<void> {
  const problems: string[] = [];
  for (const origin of edge.rotation.turns(passage.destination.origins)) {
    const target = edge.resolve(origin);
    if (target === undefined) {
      problems.push(`'${origin.hostName}' is not on this machine`);
      continue;
    }
    const socket = await connectOrigin(target).catch((error: Error) => error);
    if (!(socket instanceof Error)) return forward(edge, passage, origin, { target, agent: agentOf(socket) });
    problems.push(`'${origin.hostName}': ${socket.message}`);
  }
  unavailable(passage, problems.join("; ") || "the group has no enabled origin");
}

async function forward(
  { proxy, keeping }: Edge,
  passage: Passage,
  { hostName, hostHeader }: Origin,
  connection: { readonly target: string; readonly agent: http.Agent },
): Promise<void> {
  const { request, response, host, destination } = passage;
  dropReserved(request.headers, keeping.has(request));
  const headers = originHeaders(request, hostHeader ?? host, destination.frontDoorId);
  const proxyTimeout = destination.responseTimeoutMs;
  try {
    await proxy.web(request, response, { ...connection, headers, proxyTimeout });
  } catch (error) {
    unavailable(passage, `'${hostName}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unavailable({ response, host }: Passage, why: string): void {
  refuse(response, 503, "OriginUnavailable", `No origin answers for '${host}': ${why}.`);
}

function splitUrl(url: string): readonly string[] {
  const at = url.indexOf("?");
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at + 1)];
}

/** Without the port, in lower case. */
function hostOf({ headers }: http.IncomingMessage): string {
  return (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
}

/** `X-Cache` and `X-Azure-Ref` stand on every answer, also on those that no origin made. */
function refusalHeaders(): Record<string, string> {
  return { "x-cache": NOT_CACHED, "x-azure-ref": reference() };
}

function refuse(response: http.ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) response.destroy();
  else sendJson(response, status, { error: { code, message } }, refusalHeaders());
}
