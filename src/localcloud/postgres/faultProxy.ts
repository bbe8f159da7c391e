import net from "node:net";
import type { FaultEffect } from "../faults/index.ts";
import { listenOnLoopback } from "../jsonHttp.ts";
import { FaultySession } from "./faultySession.ts";

const HOST = "127.0.0.1";

/** Stands at a server's own port, while the server itself listens at another, and strikes statements. */
export interface FaultProxy {
  close(): Promise<void>;
}

export interface FaultProxyOrder {
  /** The server's name, for a message. */
  readonly name: string;
  /** Where clients connect. */
  readonly port: number;
  /** Where the server listens now. */
  readonly behind: number;
  /** What becomes of a statement, or of a login, whose text is `CONNECT <database>`. */
  readonly strike: (statement: string) => FaultEffect | undefined;
  /** Ends the server at once. */
  readonly crash: (restartAfterMs: number | undefined) => void;
}

/** Listens at the server's own port. */
export async function openFaultProxy(order: FaultProxyOrder): Promise<FaultProxy> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(order.behind, HOST);
    const session = new FaultySession(client, upstream, order);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("close", () => {
        sockets.delete(socket);
        session.end();
      });
      // Its "close" follows.
      socket.on("error", () => undefined);
    }
  });
  await listenOnLoopback(server, order.port, `PostgreSQL server '${order.name}'`);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { close };
}
