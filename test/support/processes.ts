import { readdirSync, readFileSync } from "node:fs";

/** Pids of processes whose command line names a folder, and matches. */
export function processesOf(folder: string, pattern = /^/): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const command = readProc(pid, "cmdline");
    return command.includes(folder) && pattern.test(command);
  });
}

/** Whether a process runs. One that has ended and that nobody has collected, as in many containers, doesn't. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || /\) [^ZX] /.test(readProc(pid, "stat"));
}

/** Empty for a process that went meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return "";
    throw error;
  }
}
