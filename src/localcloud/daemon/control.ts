import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { FaultOrder } from "../faults/index.ts";
import { closeServer, listenOnLoopback, sendJson } from "../jsonHttp.ts";
import { identityNamed } from "../roles/identities.ts";
import { problemOf } from "./protocol.ts";
import type { Running } from "./running.ts";

/** Who controls the daemon over loopback. */
export interface Control {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for `GET /env`, `GET /status`, `POST /start`, `POST /stop` and `/faults` with the daemon's token. */
export async function serveControl(
  running: Running,
  port: number,
  token: string,
  onStop: (options: { readonly keepsPostgres: boolean }) => void,
): Promise<Control> {
  const server: Server = createServer((request, response) => {
    void answer(running, token, onStop, request, response);
  });
  return { port: await listenOnLoopback(server, port, "daemon"), close: () => closeServer(server) };
}

async function answer(
  running: Running,
  token: string,
  onStop: (options: { readonly keepsPostgres: boolean }) => void,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const what = `${request.method} ${url.pathname}`;
  if (request.headers.authorization !== `Bearer ${token}`)
    return sendJson(response, 401, { message: "wrong token" });
  try {
    if (what === "POST /start") await running.startServers();
    if (what === "GET /env" || what === "POST /start")
      sendJson(response, 200, await running.env(rootOf(url), identityOf(url)));
    else if (what === "GET /status") sendJson(response, 200, await running.status());
    else if (what === "GET /faults") sendJson(response, 200, running.faults.list());
    else if (what === "POST /faults") sendJson(response, 200, await running.faults.add(orderOf(url)));
    else if (what === "POST /faults/clear")
      sendJson(response, 200, await running.faults.clear(url.searchParams.get("id") ?? undefined));
    else if (what === "POST /stop") {
      sendJson(response, 202);
      onStop({ keepsPostgres: url.searchParams.get("postgres") === "keep" });
    } else sendJson(response, 404, { message: `no ${what}` });
  } catch (error) {
    sendJson(response, 500, problemOf(error));
  }
}

function identityOf(url: URL) {
  return identityNamed(url.searchParams.get("identity") ?? undefined);
}

function orderOf(url: URL): FaultOrder {
  return JSON.parse(url.searchParams.get("order") ?? "{}") as FaultOrder;
}

function rootOf(url: URL): string {
  return url.searchParams.get("root") ?? "";
}
