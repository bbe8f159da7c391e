import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

/** Its child ends only when it reads a line, which it gets after its shell has become another program. */
const SCRIPT = '{ read -r _ <&3; } & echo "$!"; exec sleep 60';

/** A process that has ended and that nobody collects, for as long as its parent lives. */
export async function startZombie(): Promise<{ readonly pid: number; end(): void }> {
  const parent = spawn("sh", ["-c", SCRIPT], { stdio: ["ignore", "pipe", "inherit", "pipe"] });
  const [, , , gate] = parent.stdio;
  if (parent.stdout === null || gate === null || gate === undefined || !("end" in gate))
    throw new Error("no pipes to the shell");
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line).trim());
  // A shell would collect a child that ends before its `exec`; `sleep` collects nobody.
  while ((await readFile(`/proc/${parent.pid}/comm`, "utf8")) !== "sleep\n") await pause(10);
  gate.end("\n");
  while (!/\) Z /.test(await readFile(`/proc/${pid}/stat`, "utf8"))) await pause(10);
  return { pid, end: () => void parent.kill("SIGKILL") };
}
