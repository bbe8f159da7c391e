import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 65_536;

/** What Front Door answered for a host. */
export type Probe =
  | { readonly isAnswered: true; readonly statusCode: number; readonly body: string }
  | { readonly isAnswered: false; readonly reason: string };

/**
 * Asks a host's page `/` through Front Door: at `TENANTRY_FRONT_DOOR` with the host as Host header, or, when
 * that is unset, at `https://<host>/`. Never throws: no answer is an answer about the edge.
 */
export function probeHost(host: string): Promise<Probe> {
  const door = process.env.TENANTRY_FRONT_DOOR;
  const url = new URL(door === undefined || door === "" ? `https://${host}/` : door);
  const request = url.protocol === "https:" ? secureRequest : plainRequest;
  return new Promise((resolve) => {
    const call = request(url, { headers: { host }, timeout: TIMEOUT_MS, agent: false }, (response) => {
      readBody(response).then(
        (body) => resolve({ isAnswered: true, statusCode: response.statusCode ?? 0, body }),
        (error: unknown) => resolve({ isAnswered: false, reason: String(error) }),
      );
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    call.on("error", (error) => resolve({ isAnswered: false, reason: error.message }));
    call.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) break;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
