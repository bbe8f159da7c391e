import * as fs from "node:fs/promises";
import path from "node:path";
import { findDaemon } from "./daemonClient.ts";
import type { Home } from "./home.ts";
import { findServers } from "./leftovers.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { lockOwner } from "./lock.ts";
import { type PortOwner, portOwner } from "./portOwner.ts";
import { isFree } from "./ports.ts";
import { findServerUser, UNPRIVILEGED } from "./postgres/serverUser.ts";
import { readStore } from "./store.ts";

/** What can be seen of a local cloud without starting or changing anything. */
export interface LocalCloudFacts {
  readonly home: string;
  /** Folder of PostgreSQL's data: elsewhere than the home where the caller is root. */
  readonly place: string;
  /** Users that PostgreSQL may run as for root, and the one that this machine has. */
  readonly serverUsers: { readonly known: readonly string[]; readonly found?: string };
  /** `absent`: nothing was ever started here; `starting`: a process has the home and isn't ready. */
  readonly state: "absent" | "stopped" | "starting" | "running" | "unusable";
  /** What makes the home unusable, and what helps. */
  readonly problem?: { readonly message: string; readonly hint?: string };
  /** The daemon's. */
  readonly pid?: number;
  /** Kept ports that another program has. */
  readonly takenPorts: readonly TakenPort[];
  readonly servers: readonly { readonly name: string; readonly isRunning: boolean }[];
}

export interface TakenPort {
  /** Name it is kept by: `arm`, `dns`, `vault:<name>`, `postgres:<name>`, … */
  readonly service: string;
  readonly port: number;
  readonly owner: PortOwner;
}

/** How the file system says that a folder is not for us. */
const CLOSED = ["EACCES", "EPERM", "ENOTDIR", "EISDIR", "EROFS"];
/** Kind of the ports that PostgreSQL servers have, which outlive the daemon: `postgres:<name>`. */
const SERVER_PORT = "postgres";

/** Never throws for what is wrong with the home: that is what it tells. */
export async function inspectHome(home: Home): Promise<LocalCloudFacts> {
  const found = findServerUser();
  const base = {
    home: home.folder,
    place: home.postgres,
    serverUsers: { known: UNPRIVILEGED, ...(found === undefined ? {} : { found: found.name }) },
  };
  try {
    return { ...base, ...(await look(home)) };
  } catch (error) {
    const problem = problemWith(home, error);
    if (problem === undefined) throw error;
    return { ...base, state: "unusable", problem, takenPorts: [], servers: [] };
  }
}

type Seen = Pick<LocalCloudFacts, "state" | "pid" | "takenPorts" | "servers">;

async function look(home: Home): Promise<Seen> {
  if (!(await isThere(home.folder))) return { state: "absent", takenPorts: [], servers: [] };
  await assertOpen(home);
  const daemon = await findDaemon(home);
  const isTaken = daemon === undefined && (await lockOwner(home.run)) !== undefined;
  const store = await readStore(home.state);
  const running = await findServers(home);
  const names = running.map(({ name }) => name);
  const servers = store.list("postgres").map(({ id }) => ({ name: id, isRunning: names.includes(id) }));
  const kept = store.list<number>("ports").map(({ id, doc }) => ({ service: id, port: doc }));
  const isOurs = (service: string) => {
    const [kind, server = ""] = service.split(":");
    return kind === SERVER_PORT ? names.includes(server) : daemon !== undefined || isTaken;
  };
  const own = [daemon?.pid, ...running.map(({ pid }) => pid)];
  const taken = await takenOf(kept.filter(({ service }) => !isOurs(service)));
  const takenPorts = taken.filter(({ owner }) => owner.pid === undefined || !own.includes(owner.pid));
  const seen = { takenPorts, servers };
  if (daemon !== undefined) return { ...seen, state: "running", pid: daemon.pid };
  if (isTaken) return { ...seen, state: "starting" };
  return { ...seen, state: kept.length === 0 ? "absent" : "stopped" };
}

async function takenOf(
  ports: readonly { readonly service: string; readonly port: number }[],
): Promise<readonly TakenPort[]> {
  const found = await Promise.all(
    ports.map(async ({ service, port }) =>
      (await isFree(port)) ? [] : [{ service, port, owner: await portOwner(port) }],
    ),
  );
  return found.flat();
}

/** Every folder of the home that is there is ours to read and to write. */
async function assertOpen(home: Home): Promise<void> {
  const { R_OK, W_OK, X_OK } = fs.constants;
  for (const folder of [home.folder, home.state, home.run, home.log, home.keys, home.backend]) {
    if (!(await isThere(folder))) continue;
    await fs.readdir(folder);
    await fs.access(folder, R_OK | W_OK | X_OK);
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await fs.lstat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function problemWith(home: Home, error: unknown): LocalCloudFacts["problem"] {
  if (error instanceof LocalCloudError) {
    const { message, hint } = error;
    return { message, ...(hint === undefined ? {} : { hint }) };
  }
  if (error instanceof SyntaxError) {
    const message = `a file in '${home.run}' is not whole: ${error.message}`;
    return {
      message,
      hint: `Delete '${path.join(home.run, "daemon.json")}' and run \`tenantry local stop\`.`,
    };
  }
  const { code = "", path: file = home.folder } = error as NodeJS.ErrnoException;
  if (!CLOSED.includes(code)) return undefined;
  const why = code === "ENOTDIR" ? "is no folder" : "can't be read and written by this user";
  const hint = `Give it to this user (\`chown -R "$(id -u)" '${home.folder}'\`), or name another home in TENANTRY_HOME.`;
  return { message: `'${file}' ${why} (${code})`, hint };
}
