import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { LocalCloudError } from "./localCloudError.ts";

type Server = HttpServer | HttpsServer;

/** Most bytes a request may bring; Key Vault's largest secret has 25 KB. */
const MAX_BODY_BYTES = 256 * 1024;

/** The whole body as text; undefined when it is too long. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Answers a JSON body; without one, nothing but the status. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  const type = text === "" ? {} : { "content-type": "application/json; charset=utf-8" };
  response.writeHead(status, {
    ...type,
    "cache-control": "no-cache",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Listens on loopback. A kept port that another program has taken since is an error that says so. */
export async function listenOnLoopback(server: NetServer, port: number, what: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? portTaken(what, port) : error),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Says whose port is taken and what helps. */
export function portTaken(what: string, port: number): LocalCloudError {
  return new LocalCloudError(
    "E_UNREACHABLE",
    `The local cloud's ${what} listens on 127.0.0.1:${port}, which another program has taken.`,
    {
      hint: "End that program and start again. The port is kept because addresses in state and secrets name it.",
    },
  );
}

/** Stops listening and cuts what is open, so that it returns at once. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
