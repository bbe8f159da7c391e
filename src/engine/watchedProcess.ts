import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/**
 * Ends with the program it runs and with its exit code, and kills it and whatever it started as soon as the engine's
 * end of stdin closes, which the kernel does when the engine dies in any way. `$0` is the program. The part that
 * watches holds no output open, so that the output ends with the program.
 */
const WATCHDOG = [
  "exec 3<&0",
  '"$0" "$@" </dev/null 3<&- & program=$!',
  "(cat; kill -9 0) <&3 3<&- >/dev/null 2>&1 &",
  "exec 3<&-",
  "wait $program",
].join("\n");

/** A process that cannot outlive the engine; destroying its `stdin` kills it and its children. */
export type WatchedProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts a program in a process group of its own. */
export function startWatched(
  executable: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): WatchedProcess {
  return spawn("/bin/sh", ["-c", WATCHDOG, executable, ...args], {
    ...options,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
}
