import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal } from "./answer.ts";

/** `{ "error": { "code", "message" } }`; an answer that has begun is cut off. */
export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(refusal.statusCode, headersOf(refusal));
  response.end(bodyOf(refusal));
}

/** The same for a connection that asked for an upgrade. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const lines = [
    `HTTP/1.1 ${refusal.statusCode} ${STATUS_CODES[refusal.statusCode]}`,
    ...Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${bodyOf(refusal)}`);
}

/** Closing: of a request that is refused nobody reads the rest. */
function headersOf(refusal: Refusal): Record<string, string | number> {
  const { retryAfterSeconds } = refusal;
  return {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(bodyOf(refusal)),
    "cache-control": "no-store",
    connection: "close",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": retryAfterSeconds }),
  };
}

function bodyOf({ code, message }: Refusal): string {
  return `${JSON.stringify({ error: { code, message } })}\n`;
}
