import { randomInt } from "node:crypto";
import dgram from "node:dgram";
import net from "node:net";

/** Below the ports that operating systems hand out for outgoing connections (Linux: 32768 and up). */
const OURS: PortRange = { lowest: 20_000, end: 32_000 };
const TRIES = 200;

/** Ports from `lowest` up to, and without, `end`. */
export interface PortRange {
  readonly lowest: number;
  readonly end: number;
}

/** A loopback port that nothing listens on now and that isn't in `taken`. */
export async function findFreePort(
  taken: ReadonlySet<number> = new Set(),
  { lowest, end }: PortRange = OURS,
): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(lowest, end);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`No free loopback port between ${lowest} and ${end} in ${TRIES} tries.`);
}

/** Whether a port can be listened on at 127.0.0.1, over TCP and UDP. */
export async function isFree(port: number): Promise<boolean> {
  return (await isTcpFree(port)) && (await isUdpFree(port));
}

function isTcpFree(port: number): Promise<boolean> {
  const probe = net.createServer();
  return isListening(
    probe,
    () => probe.listen(port, "127.0.0.1"),
    () => probe.close(),
  );
}

function isUdpFree(port: number): Promise<boolean> {
  const probe = dgram.createSocket("udp4");
  return isListening(
    probe,
    () => probe.bind(port, "127.0.0.1"),
    () => probe.close(),
  );
}

async function isListening(
  probe: NodeJS.EventEmitter,
  start: () => void,
  close: () => void,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    probe.once("close", () => resolve(true));
    probe.once("listening", close);
    start();
  });
}
