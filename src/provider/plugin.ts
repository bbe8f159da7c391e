import { fstatSync } from "node:fs";
import { pointsFromEnvironment } from "./points.ts";
import { serveProvider } from "./server.ts";

/** How soon a plugin notices that its engine is gone (FAULTS F3). */
const PARENT_CHECK_MS = 250;

/** Serves as a plugin of the engine at `engineAddress`: prints the port, and dies with its parent. */
export async function runPlugin(engineAddress?: string): Promise<void> {
  dieWithParent();
  const onPoint = pointsFromEnvironment(process.env);
  const { port } = await serveProvider({
    ...(onPoint === undefined ? {} : { onPoint }),
    ...(engineAddress === undefined ? {} : { engineAddress }),
  });
  process.stdout.write(`${port}\n`);
}

/**
 * A killed engine can't end its plugins, and one that goes on would race the next run. The engine holds the other
 * end of standard input; where that isn't a pipe, a changed parent tells the same.
 */
function dieWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, PARENT_CHECK_MS).unref();
  if (!isPipe(0)) return;
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(1));
  process.stdin.resume();
}

function isPipe(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}
