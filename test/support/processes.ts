import { readdirSync, readFileSync } from "node:fs";

/** Pids of processes whose command line names a folder. */
export function processesOf(folder: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => commandOf(pid).includes(folder));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return "";
    throw error;
  }
}

/** A zombie that nobody has waited for counts as ended. */
export function isRunning(pid: number): boolean {
  return commandOf(pid) !== "";
}
