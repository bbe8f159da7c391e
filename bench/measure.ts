import { spawn } from "node:child_process";

/** Wall times of one command over several runs, in ms. */
export interface Spread {
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
  readonly runs: number;
}

/** One line of the results. */
export interface Row {
  readonly what: string;
  readonly spread: Spread;
}

/** Runs a command to its end and answers its wall time in ms; a non-zero exit is an error with what it printed. */
export async function timeCommand(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} exited ${code}:\n${printed.slice(-2000)}`);
  return performance.now() - startedAt;
}

/** Minimum, median and maximum of at least one measurement. */
export function spreadOf(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    minMs: at(0),
    medianMs: at(Math.floor(sorted.length / 2)),
    maxMs: at(sorted.length - 1),
    runs: sorted.length,
  };
}
