import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Harness } from "./harness.ts";

const CHILD = fileURLToPath(new URL("limitedRunChild.ts", import.meta.url));

/** Runs one command of the engine in a process of its own that `wrapper` starts: `["prlimit", "--fsize=100"]`. */
export async function runLimited(
  harness: Harness,
  wrapper: readonly string[],
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const [command = "", ...rest] = [
    ...wrapper,
    process.execPath,
    "--import",
    import.meta.resolve("tsx"),
    CHILD,
    harness.root,
    ...args,
  ];
  const child = spawn(command, rest, {
    // The loader's cache is a file too.
    env: { ...process.env, ...harness.environment, TSX_DISABLE_CACHE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr?.on("data", (text) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, stderr };
}
