import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { ServerUser } from "./serverUser.ts";

/** The process of one PostgreSQL cluster, known by its data folder alone: any process can find and stop it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

/** The running server of a data folder; undefined when there is none (a stale pid file counts as none). */
export async function findPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const lines = (await readIfThere(pidFileOf(dataDir)))?.split("\n") ?? [];
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !(await runsOn(pid, dataDir))) return undefined;
  return { pid, port: Number(lines[3]), isReady: lines[7]?.trim() === "ready" };
}

/**
 * Makes a killed server's pid file one that PostgreSQL takes over. It refuses while that pid exists, and where nobody
 * reaps it, as in many containers, it exists for ever. Only the pid is replaced, by the starting server's parent, which
 * PostgreSQL never takes for another server: by the rest it still finds processes that hold the old one's memory.
 */
export async function disownPidFile(dataDir: string, user: ServerUser | undefined): Promise<void> {
  const file = pidFileOf(dataDir);
  const [, ...rest] = (await readIfThere(file))?.split("\n") ?? [];
  if (rest.length === 0) return;
  const fresh = `${file}.${randomUUID()}`;
  await fs.writeFile(fresh, [process.pid, ...rest].join("\n"), { mode: 0o600 });
  if (user !== undefined) await fs.chown(fresh, user.uid, user.gid);
  await fs.rename(fresh, file);
}

/** The server's own file with its pid; one that ended by itself has removed it. */
export function pidFileOf(dataDir: string): string {
  return path.join(dataDir, "postmaster.pid");
}

/**
 * Whether a process is a server on that folder: a pid alone may long be somebody else's. One that is just ending is
 * waited for: its port is free when this answers false.
 */
export async function runsOn(pid: number, dataDir: string): Promise<boolean> {
  if (process.platform !== "linux") return ((await psCommand(pid)) ?? "").endsWith(` -D ${dataDir}`);
  for (;;) {
    const commandLine = await readIfThere(`/proc/${pid}/cmdline`);
    if (commandLine !== "" || !(await isEnding(pid)))
      return commandLine?.split("\0").includes(dataDir) ?? false;
    await pause(ENDING_POLL_MS);
  }
}

const ENDING_POLL_MS = 5;
/** PF_EXITING among the kernel's flags of a process, field 9 of /proc/<pid>/stat. */
const EXITING = 0x4;

/**
 * A process that ends gives its memory back first, and its command line with it; then it closes what it listened on, and
 * last it is a zombie, which has neither.
 */
async function isEnding(pid: number): Promise<boolean> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  const [state = "X", , , , , , flags] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return !["Z", "X"].includes(state) && (Number(flags) & EXITING) !== 0;
}

async function psCommand(pid: number): Promise<string | undefined> {
  try {
    return (await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)])).stdout.trimEnd();
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

/** A file's text; undefined when it, or the process it is about, is gone. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
