import { existsSync, readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Where a proxy cuts: before the plugin hears of the operation, or after it did it and before the engine hears of it. */
export type CutMoment = "before" | "after";

/** A proxy in front of an attached plugin. */
export interface PluginProxy {
  readonly port: number;
  close(): Promise<void>;
}

export interface CutOrder {
  /** The plugin's own port on loopback. */
  readonly pluginPort: number;
  /** Path of the stack's checkpoint, which the engine writes an operation into before it begins it. */
  readonly checkpoint: string;
  /** Resource name at the end of the operation's URN. */
  readonly resource: string;
  readonly moment: CutMoment;
  /** Kills the engine; called once. */
  readonly onCut: () => void;
}

/** HTTP/2: every frame begins with nine bytes, the fourth of which is its type. */
const FRAME_HEADER_BYTES = 9;
const HEADERS_FRAME = 1;

/** Passes everything on until the named operation is under way, and cuts there. */
export async function openPluginProxy(order: CutOrder): Promise<PluginProxy> {
  const sockets = new Set<Socket>();
  const cut = { isUnderWay: false, isDone: false };
  const server = createServer((engine) => {
    const plugin = connect(order.pluginPort, "127.0.0.1");
    for (const socket of [engine, plugin]) {
      sockets.add(socket);
      socket.on("close", () => [engine, plugin].forEach((each) => void each.destroy()));
      // The engine is killed with its connections open: a reset is what has to come.
      socket.on("error", () => [engine, plugin].forEach((each) => void each.destroy()));
    }
    engine.on("data", (bytes) => {
      if (!cut.isUnderWay && isUnderWay(order)) cut.isUnderWay = true;
      if (cut.isUnderWay && order.moment === "before") cutOnce(order, cut);
      if (!cut.isDone) plugin.write(bytes);
    });
    plugin.on("data", (bytes) => {
      if (cut.isUnderWay && hasHeaders(bytes)) cutOnce(order, cut);
      if (!cut.isDone) engine.write(bytes);
    });
  });
  const port = await listen(server);
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function cutOnce(order: CutOrder, cut: { isDone: boolean }): void {
  if (cut.isDone) return;
  cut.isDone = true;
  order.onCut();
}

function isUnderWay({ checkpoint, resource }: CutOrder): boolean {
  if (!existsSync(checkpoint)) return false;
  const { latest } = JSON.parse(readFileSync(checkpoint, "utf8")).checkpoint;
  const pending: { resource: { urn: string } }[] = latest?.pending_operations ?? [];
  return pending.some(({ resource: { urn } }) => urn.endsWith(`::${resource}`));
}

/** Whether an answer begins in these bytes; what else a plugin sends meanwhile (acknowledgements, windows) has none. */
function hasHeaders(bytes: Buffer): boolean {
  for (
    let at = 0;
    at + FRAME_HEADER_BYTES <= bytes.length;
    at += FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
  )
    if (bytes[at + 3] === HEADERS_FRAME) return true;
  return false;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
