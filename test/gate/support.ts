import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import {
  createGateServer,
  type Gate,
  type GateAnswer,
  type GateServerOptions,
} from "../../src/gate/index.ts";

const ACME: GateAnswer = {
  kind: "tenant",
  tenant: { id: "id-acme", slug: "acme", status: "active", cacheEpoch: 7 },
};
const opened: http.Server[] = [];

/** Ends what a test started. */
export async function closeAll(): Promise<void> {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

/** A gate that knows one host, in master's place; resolving from master is `gate.test.ts`. */
export function fixedGate(answer: GateAnswer = ACME): Gate {
  const unknown: GateAnswer = { kind: "refused", statusCode: 404, code: "TenantNotFound", message: "none" };
  return {
    resolve: async ({ host, path }) => {
      if (path.startsWith("/t/acme/")) return { ...ACME, prefix: "/t/acme" } as GateAnswer;
      return host === "acme.test" ? answer : unknown;
    },
    close: async () => undefined,
  };
}

export async function listen(server: http.Server): Promise<number> {
  opened.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** An application that answers with what it was sent. */
export async function startEcho(): Promise<number> {
  return listen(
    http.createServer(async (request, response) => {
      const { method, url, rawHeaders } = request;
      const body = await text(request);
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.setHeader("connection", "x-private");
      response.setHeader("x-private", "between us");
      response.end(JSON.stringify({ method, url, headers: pairs(rawHeaders), body }));
    }),
  );
}

export function pairs(raw: readonly string[]): string[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [`${name.toLowerCase()}: ${raw[at + 1]}`] : []));
}

export async function startGate(
  application: number,
  options: Partial<GateServerOptions> = {},
  gate = fixedGate(),
): Promise<number> {
  return listen(createGateServer(gate, { upstream: `http://127.0.0.1:${application}`, ...options }));
}

/** Sends bytes and answers all that comes back until the gate closes. */
export async function send(port: number, request: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write(request);
  return text(socket);
}

export const lines = (...parts: string[]) => `${parts.join("\r\n")}\r\n\r\n`;
export const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);
export const statusOf = (answer: string) => answer.split("\r\n", 1)[0];
