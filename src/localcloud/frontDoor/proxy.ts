import http from "node:http";
import { createProxyServer } from "httpxy";
import type { Site } from "../arm/armType.ts";
import { type Faults, withFaults } from "../faults/index.ts";
import { sendJson } from "../jsonHttp.ts";
import { type Destination, findDestination, type Origin } from "./routing.ts";

/** Resolves an origin's host name to an address of this machine; undefined for one outside it. */
export type ResolveOrigin = (origin: Origin) => string | undefined;

/** Errors of a connection that was never made: the next origin may be tried. */
const UNREACHED = ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"];

/** An address of this machine that nobody listens on: what a fault makes of an origin that is down. */
const NOWHERE = "http://127.0.0.1:1";

/** Front Door's HTTP face: picks by `Host`, passes on to the first origin that answers. */
export function createFrontDoor(site: Site, resolve: ResolveOrigin, faults: Faults): http.Server {
  const proxy = createProxyServer({ xfwd: true, agent: false });
  const handle = withFaults(faults, { service: "frontDoor" }, (request, response, effect) => {
    const host = hostOf(request);
    const destination = findDestination(site, host);
    if (destination === undefined) {
      refuse(
        response,
        404,
        "HostNotFound",
        `Our services aren't available for '${host}': no approved domain on an enabled route.`,
      );
      return;
    }
    const reach: ResolveOrigin = effect?.kind === "originDown" ? () => NOWHERE : resolve;
    void pass(proxy, { request, response, host, destination, resolve: reach });
  });
  return http.createServer(handle);
}

interface Passage {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly host: string;
  readonly destination: Destination;
  readonly resolve: ResolveOrigin;
}

async function pass(proxy: ReturnType<typeof createProxyServer>, passage: Passage): Promise<void> {
  const { request, response, host, destination, resolve } = passage;
  const problems: string[] = [];
  for (const origin of destination.origins) {
    const target = resolve(origin);
    if (target === undefined) {
      problems.push(`'${origin.hostName}' is not on this machine`);
      continue;
    }
    try {
      const headers = { host: origin.hostHeader ?? host, "x-azure-fdid": destination.frontDoorId };
      await proxy.web(request, response, { target, headers });
      return;
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      problems.push(`'${origin.hostName}': ${message}`);
      if (!UNREACHED.includes(code)) break;
    }
  }
  refuse(
    response,
    503,
    "OriginUnavailable",
    `No origin answers for '${host}': ${problems.join("; ") || "the group has no enabled origin"}.`,
  );
}

/** Without the port, in lower case. */
function hostOf({ headers }: http.IncomingMessage): string {
  return (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
}

function refuse(response: http.ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) response.destroy();
  else sendJson(response, status, { error: { code, message } });
}
