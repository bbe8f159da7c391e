import http from "node:http";
import net from "node:net";

/** How long an origin may take to accept a connection. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Connects to an origin on this machine. Throws the system's error (`ECONNREFUSED`, …), before anything was sent. */
export async function connectOrigin(target: string): Promise<net.Socket> {
  const { hostname, port } = new URL(target);
  const socket = net.connect({ host: hostname, port: Number(port) });
  const giveUp = () => socket.destroy(timedOut(target));
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, giveUp);
    socket.once("error", reject);
    socket.once("connect", resolve);
  });
  socket.setTimeout(0, giveUp);
  // Between here and the request that takes it over nobody else listens; that request tells of what went wrong.
  socket.on("error", () => undefined);
  return socket;
}

/** One request's use of a connection that is already there: what was sent on it can't be sent again elsewhere. */
export function agentOf(socket: net.Socket): http.Agent {
  const agent = new http.Agent({ keepAlive: false });
  agent.createConnection = () => socket;
  return agent;
}

function timedOut(target: string): Error {
  return new Error(`'${target}' took no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
}
