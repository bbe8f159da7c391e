import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { promisify } from "node:util";

/** A process, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: equal texts mean the same start. */
  readonly startedAt: string;
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const startedAt = await startOf(process.pid);
  if (startedAt === undefined) throw new Error(`Process ${process.pid} finds no start time of its own.`);
  return { pid: process.pid, startedAt };
}

/** Whether that very process still runs. */
export async function isRunning({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  return (await startOf(pid)) === startedAt;
}

async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === "linux" ? linuxStartOf(pid) : psStartOf(pid);
}

/**
 * Field 22 of /proc/<pid>/stat counts from the boot. A zombie has ended, unless it has threads left (field 20): on a
 * busy machine they go later than their leader, and only the last one closes what the process listened on.
 */
async function linuxStartOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "X" || (fields[0] === "Z" && Number(fields[17]) <= 1)) return undefined;
    const boot = await fs.readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot.trim()} ${fields[19]}`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}

async function psStartOf(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      env: { LC_ALL: "C" },
    });
    const [state = "Z", ...start] = stdout.trim().split(/\s+/);
    return state.startsWith("Z") ? undefined : start.join(" ");
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}
