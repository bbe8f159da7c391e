import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { promisify } from "node:util";
import { readIfThere } from "./postgres/postmaster.ts";

/** Memory of a process with all that it started. */
export interface MemoryUse {
  /** What is shared by several processes is counted once where the system tells (Linux's PSS), else by each. */
  readonly bytes: number;
  readonly processes: number;
}

const KIB = 1024;

/** Parents by process. */
type Family = ReadonlyMap<number, number>;

/**
 * Memory of each of these processes and its descendants, but for those of another one of these: a server that the
 * daemon started is its own. A process that has ended has none.
 */
export async function memoryUse(roots: readonly number[]): Promise<ReadonlyMap<number, MemoryUse>> {
  const isLinux = process.platform === "linux";
  const { family, residentBytes } = isLinux ? await linuxFamily() : await psFamily();
  const found = await Promise.all(
    roots.map(async (root) => {
      const members = [...family.keys()].filter((pid) => nearest(pid, roots, family) === root);
      const sizes = await Promise.all(
        members.map(async (pid) => (isLinux ? linuxBytes(pid) : (residentBytes.get(pid) ?? 0))),
      );
      return [
        root,
        { bytes: sizes.reduce((sum, size) => sum + size, 0), processes: members.length },
      ] as const;
    }),
  );
  return new Map(found);
}

/** The first of the roots on the way up. */
function nearest(pid: number, roots: readonly number[], family: Family): number | undefined {
  let each: number | undefined = pid;
  while (each !== undefined && each > 0 && !roots.includes(each)) each = family.get(each);
  return each;
}

interface Processes {
  readonly family: Family;
  readonly residentBytes: ReadonlyMap<number, number>;
}

async function linuxFamily(): Promise<Processes> {
  const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readIfThere(`/proc/${pid}/stat`);
      const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
      return fields.length === 0 ? [] : [[pid, Number(fields[1])] as const];
    }),
  );
  return { family: new Map(parents.flat()), residentBytes: new Map() };
}

/** PSS where we may read it, else resident pages: a server's own user may differ from ours. */
async function linuxBytes(pid: number): Promise<number> {
  const rollup = await readIfAllowed(`/proc/${pid}/smaps_rollup`);
  const shared = /^Pss:\s+(\d+) kB/m.exec(rollup ?? "")?.[1];
  if (shared !== undefined) return Number(shared) * KIB;
  const status = await readIfThere(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status ?? "")?.[1] ?? 0) * KIB;
}

async function readIfAllowed(file: string): Promise<string | undefined> {
  try {
    return await readIfThere(file);
  } catch (error) {
    if (["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

async function psFamily(): Promise<Processes> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,ppid=,rss="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  return {
    family: new Map(rows.map(([pid, parent]) => [pid, parent])),
    residentBytes: new Map(rows.map(([pid, , rss]) => [pid, rss * KIB])),
  };
}
