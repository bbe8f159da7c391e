import { readFileSync } from "node:fs";

/** Whether a process runs. One that has ended and that nobody has collected, as in many containers, doesn't. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || !/\) [ZX] /.test(statOf(pid));
}

/** Of a process that went meanwhile it is what a zombie's begins with. */
function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return ") X ";
    throw error;
  }
}
