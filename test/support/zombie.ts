import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** A process that has ended and that nobody collects, for as long as its parent lives. */
export async function startZombie(): Promise<{ readonly pid: number; end(): void }> {
  const parent: ChildProcess = spawn("sh", ["-c", "true & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (parent.stdout === null) throw new Error("no standard output");
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line).trim());
  while (!/\) Z /.test(await readFile(`/proc/${pid}/stat`, "utf8"))) await pause(10);
  return { pid, end: () => void parent.kill("SIGKILL") };
}
