import type { IncomingMessage } from "node:http";
import type { GateAnswer } from "./answer.ts";

/** Belong to one connection, not to the message (RFC 9110, 7.6.1); those that `Connection` names come on top. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Ours alone: what a client sends under these names never reaches the upstream. */
const OWN_PREFIX = "x-tenantry-";
/** The same, unless a proxy before the gate is trusted. */
const FORWARDED = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-proto",
];

/** What headers are made from. */
export interface Forwarding {
  readonly request: IncomingMessage;
  readonly host: string;
  readonly answer: Exclude<GateAnswer, { kind: "refused" }>;
  /** Whether `X-Forwarded-*` of the request come from a proxy that is believed. */
  readonly isProxyTrusted: boolean;
  /** Protocol of an upgrade, e.g. `websocket`; undefined for a plain request. */
  readonly upgrade?: string;
}

/**
 * Headers of a request as the upstream gets them, in Node.js's raw form (name, value, name, value …). Adds
 * `X-Tenantry-Tenant` (slug), `X-Tenantry-Tenant-Id`, `X-Tenantry-Cache-Epoch` and, for a tenant found by its path,
 * `X-Forwarded-Prefix`. A client's own words under these names are taken away, also spelled with underscores, which
 * some servers read as hyphens.
 */
export function upstreamHeaders(forwarding: Forwarding): string[] {
  const { request, host, answer, isProxyTrusted, upgrade } = forwarding;
  const isDropped = (name: string) =>
    name === "host" ||
    name === "expect" ||
    name.startsWith(OWN_PREFIX) ||
    (FORWARDED.includes(name) && !(isProxyTrusted && name === "x-forwarded-proto"));
  const passed = endToEnd(request, (name) => isDropped(name.replaceAll("_", "-")));
  const hasProto = passed.some((text, at) => at % 2 === 0 && text.toLowerCase() === "x-forwarded-proto");
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  return [
    ...["Host", request.headers.host ?? host],
    ...passed,
    ...["X-Forwarded-For", clientChain(request, isProxyTrusted)],
    ...["X-Forwarded-Host", host],
    ...(hasProto ? [] : ["X-Forwarded-Proto", "encrypted" in request.socket ? "https" : "http"]),
    ...tenantHeaders(answer),
    // Without it Node.js would send the body of a DELETE unframed, as the beginning of another request.
    ...(isChunked ? ["Transfer-Encoding", "chunked"] : []),
    ...(upgrade === undefined ? [] : ["Connection", "Upgrade", "Upgrade", upgrade]),
  ];
}

/** Headers of an upstream's answer as the client gets them. */
export function clientHeaders(answer: IncomingMessage): string[] {
  return endToEnd(answer, () => false);
}

function tenantHeaders(answer: Forwarding["answer"]): string[] {
  if (answer.kind === "passThrough") return [];
  const { tenant, prefix } = answer;
  return [
    ...["X-Tenantry-Tenant", tenant.slug],
    ...["X-Tenantry-Tenant-Id", tenant.id],
    ...["X-Tenantry-Cache-Epoch", String(tenant.cacheEpoch)],
    ...(prefix === undefined ? [] : ["X-Forwarded-Prefix", prefix]),
  ];
}

function clientChain(request: IncomingMessage, isProxyTrusted: boolean): string {
  const address = request.socket.remoteAddress ?? "unknown";
  const before = request.headers["x-forwarded-for"];
  return isProxyTrusted && before !== undefined ? `${[before].flat().join(", ")}, ${address}` : address;
}

function endToEnd(message: IncomingMessage, isDropped: (name: string) => boolean): string[] {
  const named = (message.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const { rawHeaders } = message;
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (HOP_BY_HOP.includes(name) || named.includes(name) || isDropped(name)) continue;
    kept.push(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  return kept;
}
