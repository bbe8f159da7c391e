import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** Ticks a second of `/proc/<pid>/stat`: fixed at 100 in Linux's interface to user space. */
const CLOCK_TICKS = 100;

/** A process that took a lock started before it; clocks and ticks are this coarse. */
const TOLERANCE_MS = 2000;

/** Where the owner of a lock runs, as far as its engine says. */
export interface LockOrigin {
  readonly hostname: string;
  readonly machineId?: string;
  readonly bootId?: string;
  /** The kernel's name for the space that its pid is of: containers may share a name, not their pids. */
  readonly pidSpace?: string;
}

/** Whether the owner's pid can be looked up here: another machine, or another container, may have the same name. */
export async function isOwnerHere({ machineId, bootId, pidSpace, ...lock }: LockOrigin): Promise<boolean> {
  if (lock.hostname !== hostname()) return false;
  const ownMachine = (await readProc("/etc/machine-id"))?.trim() || undefined;
  if (differs(machineId, ownMachine)) return false;
  const isOtherBoot = differs(bootId, (await readProc("/proc/sys/kernel/random/boot_id"))?.trim());
  if (isOtherBoot) return ownMachine !== undefined && machineId === ownMachine;
  const ownSpace = await ownPidSpace();
  return !differs(pidSpace, ownSpace);
}

/** Whether both are known and not the same. */
function differs(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && left !== right;
}

/** Whether the process that took a lock still runs. A pid that was given to a younger process is another's. */
export async function isOwnerAlive(pid: number, takenAt: Date): Promise<boolean> {
  if (!isRunning(pid) || (await hasEnded(pid))) return false;
  const startedAt = await startOfProcess(pid);
  return startedAt === undefined || startedAt.getTime() <= takenAt.getTime() + TOLERANCE_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A zombie has ended; in a container whose first process collects nobody it stays for ever. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readProc(`/proc/${pid}/stat`);
  return stat !== undefined && ["Z", "X"].includes(stat.charAt(stat.lastIndexOf(")") + 2));
}

/** Undefined where the machine doesn't say (no Linux, or it ended this moment). */
async function startOfProcess(pid: number): Promise<Date | undefined> {
  const [stat, system] = await Promise.all([readProc(`/proc/${pid}/stat`), readProc("/proc/stat")]);
  const bootSeconds = /^btime (\d+)$/m.exec(system ?? "")?.[1];
  // The second field is the program's name in brackets, which may hold blanks; the start is field 22.
  const ticks = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  if (bootSeconds === undefined || ticks === undefined) return undefined;
  return new Date((Number(bootSeconds) + Number(ticks) / CLOCK_TICKS) * 1000);
}

async function readProc(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
    throw error;
  });
}

/** Undefined where the machine doesn't say: no Linux, or one that hides it. */
async function ownPidSpace(): Promise<string | undefined> {
  return readlink("/proc/self/ns/pid").catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "EACCES", "EPERM"].includes(error.code ?? "")) return undefined;
    throw error;
  });
}
