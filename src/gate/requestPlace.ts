import type { IncomingMessage } from "node:http";
import { domainToASCII } from "node:url";
import { badRequest, type Refusal } from "./answer.ts";
import type { RequestPlace } from "./tenantFound.ts";

/** RFC 1035: octets of a whole name without its final dot, and of a label. */
const MAX_HOST_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;
/** What must not stand in a host: it would be decoded, or end the host, for one reader and not for another. */
const NOT_IN_HOSTS = /[\s/\\?#@%,]/;
const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^#]*)$/i;

/** A request as Node.js reads it, as far as its place is concerned. */
export type PlacedRequest = Pick<IncomingMessage, "url" | "rawHeaders">;

/** A request's place and what to send on as its target, or why it has none. */
export type Placed = (RequestPlace & { readonly kind: "place"; readonly target: string }) | Refusal;

/**
 * Reads host and path of a request. Absolute-form (`GET http://acme.example/ HTTP/1.1`) counts as its origin-form; two
 * Host headers, none, or one that differs from an absolute target are refused, for two readers could see two tenants.
 */
export function placeOf({ url = "", rawHeaders }: PlacedRequest): Placed {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
  if (hosts.length !== 1) return badRequest(`Expected one Host header; got ${hosts.length}.`);
  const host = normalizeHost(hosts[0] ?? "");
  if (host === undefined) return badRequest("Expected a host name in the Host header.");
  const absolute = ABSOLUTE.exec(url);
  if (absolute === null) return isOriginForm(url) ? placed(host, url) : badRequest("Expected a path.");
  const [, , authority = "", rest = ""] = absolute;
  if (normalizeHost(authority) !== host)
    return badRequest("Expected the same host in the request's target and its Host header.");
  return placed(host, rest.startsWith("/") ? rest : `/${rest}`);
}

/**
 * A host as master keeps it: lower case, ASCII (`münchen.example` → `xn--mnchen-3ya.example`), without port and final dot.
 * Undefined for what is no host name.
 */
export function normalizeHost(text: string): string | undefined {
  const host = decodeUtf8(text).replace(/:\d{0,5}$/, "");
  if (host === "" || NOT_IN_HOSTS.test(host)) return undefined;
  const ascii = domainToASCII(host).replace(/\.$/, "");
  const labels = ascii.split(".");
  const isName =
    ascii.length <= MAX_HOST_LENGTH &&
    labels.every((label) => label.length > 0 && label.length <= MAX_LABEL_LENGTH);
  return isName ? ascii : undefined;
}

/** `OPTIONS *` asks the server as a whole; every other target begins with a slash. */
function isOriginForm(url: string): boolean {
  return url.startsWith("/") || url === "*";
}

function placed(host: string, target: string): Placed {
  return { kind: "place", host, path: target.split("?", 1)[0] ?? "", target };
}

/** Node.js reads header bytes as Latin-1. */
function decodeUtf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
