import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/**
 * What Front Door adds to a request on its way to the origin (Microsoft, "Protocol support for HTTP headers in Azure
 * Front Door"). `Host` is the origin's own header, or the host that was asked for.
 */
export function originHeaders(
  request: IncomingMessage,
  host: string,
  frontDoorId: string,
): Record<string, string> {
  const address = request.socket.remoteAddress ?? "";
  const forwarded = request.headers["x-forwarded-for"];
  return {
    host,
    via: `${request.httpVersion} Azure`,
    "x-azure-clientip": address,
    "x-azure-socketip": address,
    "x-azure-ref": reference(),
    "x-azure-requestchain": "hops=1",
    "x-azure-fdid": frontDoorId,
    "x-forwarded-for": forwarded === undefined ? address : `${forwarded}, ${address}`,
    "x-forwarded-host": request.headers.host ?? "",
    "x-forwarded-proto": "http",
  };
}

/** Not forwarded by a route that caches (the caching page's list), so that one client's wishes don't shape all answers. */
const NOT_CACHED = ["accept", "accept-charset", "accept-language"];

/** Takes away what Front Door keeps from the origin: `X-FD-*` always, and the listed ones of a request that may be cached. */
export function dropReserved(headers: IncomingHttpHeaders, isCaching: boolean): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-fd-") || (isCaching && NOT_CACHED.includes(name))) delete headers[name];
  }
}

/** `X-Azure-Ref`: no two answers have the same. */
export function reference(): string {
  return randomUUID().replaceAll("-", "").toUpperCase();
}
