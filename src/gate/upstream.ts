import http from "node:http";
import https from "node:https";
import type { Refusal } from "./answer.ts";

/** Connections to an upstream at once, and those kept for the next request. */
const MAX_SOCKETS = 256;
const MAX_FREE_SOCKETS = 32;

/** What is sent to the upstream. */
export interface UpstreamRequest {
  /** Origin of the upstream, e.g. `http://127.0.0.1:8080`; what follows it is ignored. */
  readonly url: string;
  readonly method: string;
  readonly target: string;
  /** In Node.js's raw form. */
  readonly headers: readonly string[];
}

/** Sends requests upstream over connections that are kept. */
export class Upstream {
  readonly #timeoutMs: number;
  readonly #agents = {
    "http:": new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_FREE_SOCKETS }),
    "https:": new https.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_FREE_SOCKETS }),
  };

  /** `timeoutMs`: how long the upstream may be silent, before its answer and within it. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Begins a request; the caller ends it. An error of it is worded by `failureOf`. */
  begin({ url, method, target, headers }: UpstreamRequest, isOwnConnection = false): http.ClientRequest {
    const { protocol, hostname, port } = new URL(url);
    const isSecure = protocol === "https:";
    const send = isSecure ? https.request : http.request;
    const request = send({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (isSecure ? 443 : 80) : Number(port),
      method,
      path: target,
      headers: [...headers],
      agent: isOwnConnection ? false : this.#agents[isSecure ? "https:" : "http:"],
      timeout: this.#timeoutMs,
    });
    request.on("timeout", () => request.destroy(new SilentUpstreamError()));
    return request;
  }

  /** Closes what is kept for later. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

class SilentUpstreamError extends Error {}

/** What a client is told of an upstream that can't be used; its address is nobody's business outside. */
export function failureOf(error: unknown): Refusal {
  return error instanceof SilentUpstreamError
    ? {
        kind: "refused",
        statusCode: 504,
        code: "UpstreamTimeout",
        message: "The application didn't answer in time.",
      }
    : {
        kind: "refused",
        statusCode: 502,
        code: "UpstreamUnavailable",
        message: "The application can't be reached.",
      };
}
