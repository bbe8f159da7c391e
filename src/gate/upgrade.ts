import type http from "node:http";
import type { Duplex } from "node:stream";
import { clientHeaders } from "./forwardedHeaders.ts";
import { refuseUpgrade } from "./refusalWriter.ts";
import { failureOf, type Upstream, type UpstreamRequest } from "./upstream.ts";

/** A client's connection, and what it sent behind its request. */
export interface UpgradingClient {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Passes an upgrade (WebSocket) on and joins both connections; an application that doesn't upgrade answers as it likes. */
export function joinUpgrade(
  upstream: Upstream,
  request: UpstreamRequest,
  { socket, head }: UpgradingClient,
): void {
  const onward = upstream.begin(request, true);
  onward.once("upgrade", (answer, other, otherHead) => {
    // Two that talk may be silent for long.
    other.setTimeout(0);
    socket.write(headOf(answer, ["Connection", "Upgrade", "Upgrade", answer.headers.upgrade ?? ""]));
    socket.write(otherHead);
    other.write(head);
    join(socket, other);
  });
  onward.once("response", (answer) => {
    socket.write(headOf(answer, ["Connection", "close"]));
    answer.pipe(socket);
  });
  onward.once("error", (error) => refuseUpgrade(socket, failureOf(error)));
  socket.once("close", () => onward.destroy());
  onward.end();
}

function join(client: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [client, other],
    [other, client],
  ] as const) {
    from.on("error", () => to.destroy());
    from.once("close", () => to.destroy());
    from.pipe(to);
  }
}

function headOf(answer: http.IncomingMessage, more: readonly string[]): string {
  const headers = [...clientHeaders(answer), ...more];
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1]}`] : []));
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join("\r\n")}\r\n\r\n`;
}
