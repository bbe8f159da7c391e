import dgram from "node:dgram";
import net from "node:net";
import { Faults } from "../faults/index.ts";
import { portTaken } from "../jsonHttp.ts";
import type { LocalService } from "../service.ts";
import { reply } from "./faultyReply.ts";
import { openZones, type Zones } from "./zones.ts";

const HOST = "127.0.0.1";
const TCP_IDLE_MS = 10_000;

/** The name server of every zone in Resource Manager's state, over UDP and TCP on one port. */
export function createDnsService(): LocalService {
  let close: () => Promise<void> = async () => undefined;
  return {
    name: "dns",
    start: async ({ store, ports, faults }) => {
      const port = await ports.reserve("dns");
      const server = await serveDns(openZones(store), port, faults);
      close = server.close;
      return { dns: server.port };
    },
    stop: () => close(),
  };
}

/** What messages are answered from. */
interface Source {
  readonly zones: () => Zones;
  readonly faults: Faults;
}

/** Serves zones at a port. */
export async function serveDns(
  zones: () => Zones,
  port: number,
  faults = new Faults(),
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const source: Source = { zones, faults };
  let isOpen = true;
  const udp = dgram.createSocket("udp4");
  const sockets = new Set<net.Socket>();
  const tcp = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveConnection(source, socket);
  });
  udp.on("message", (message, from) => {
    reply(source, message, "udp", (answer) => {
      // A late answer may find the name server stopped.
      if (isOpen) udp.send(answer, from.port, from.address);
    });
  });
  await listen(tcp, (done) => tcp.listen(port, HOST, done), port);
  await listen(udp, (done) => udp.bind(port, HOST, done), port);
  return {
    port,
    close: async () => {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => tcp.close(() => resolve())),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}

async function listen(
  server: NodeJS.EventEmitter,
  start: (done: () => void) => void,
  port: number,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? portTaken("name server", port) : error),
    );
    start(resolve);
  });
}

/** Messages over TCP have their length before them, and may come in pieces or several at once. */
function serveConnection(source: Source, socket: net.Socket): void {
  let received = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  // A client that goes away ends its own connection and nothing else.
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      reply(source, received.subarray(2, end), "tcp", (answer) =>
        socket.write(Buffer.concat([lengthOf(answer), answer])),
      );
      received = received.subarray(end);
    }
  });
}

function lengthOf(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return length;
}
