import * as fs from "node:fs/promises";
import { readIfThere } from "./postgres/postmaster.ts";

/** A process that listens on a port, as far as this user may see; empty where nothing tells. */
export interface PortOwner {
  readonly pid?: number;
  /** Its short name, never its arguments: those of another program may hold a password. */
  readonly program?: string;
}

/** Sockets of every kind that keep others off a loopback port. */
const SOCKET_TABLES = ["tcp", "tcp6", "udp", "udp6"];
/** /proc/net: a TCP socket that listens, a UDP socket that is bound. */
const LISTENING = "0A";
const BOUND = "07";

/** Who has a port. Only Linux tells without asking another program. */
export async function portOwner(port: number): Promise<PortOwner> {
  if (process.platform !== "linux") return {};
  const sockets = (await Promise.all(SOCKET_TABLES.map((table) => socketsAt(table, port)))).flat();
  if (sockets.length === 0) return {};
  const names = new Set(sockets.map((inode) => `socket:[${inode}]`));
  for (const pid of (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (!(await holdsOne(pid, names))) continue;
    const program = (await readIfThere(`/proc/${pid}/comm`))?.trimEnd();
    return { pid: Number(pid), ...(program === undefined ? {} : { program }) };
  }
  return {};
}

/** Inodes of a table's sockets that listen on the port: `sl local_address rem_address st … inode`. */
async function socketsAt(table: string, port: number): Promise<readonly string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = ((await readIfThere(`/proc/net/${table}`)) ?? "").trim().split("\n").slice(1);
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const state = table.startsWith("tcp") ? LISTENING : BOUND;
  return rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === state).map((row) => row[9] ?? "");
}

/** Whether a process has one of the sockets open; false where we may not look. */
async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const files = await unlessHidden(() => fs.readdir(folder));
  const links = await Promise.all(
    (files ?? []).map((name) => unlessHidden(() => fs.readlink(`${folder}/${name}`))),
  );
  return links.some((link) => link !== undefined && sockets.has(link));
}

/** Processes end while one looks, and another user's are closed. */
async function unlessHidden<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw error;
  }
}
