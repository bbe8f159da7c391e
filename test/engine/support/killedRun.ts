import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Harness } from "./harness.ts";

const CHILD = fileURLToPath(new URL("killedRunChild.ts", import.meta.url));

/** Runs `op` of the chain program in a process of its own that kills itself at the n-th occurrence of `point`. */
export async function runKilledAt(
  harness: Harness,
  op: string,
  point: string,
): Promise<NodeJS.Signals | number | null> {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, harness.root, op, point], {
    env: { ...process.env, ...harness.environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
}
