import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { portTaken } from "../jsonHttp.ts";
import { LocalCloudError } from "../localCloudError.ts";
import { isFree } from "../ports.ts";
import { type Binaries, installBinaries } from "./binaries.ts";
import {
  awaitPostmaster,
  ORPHANS_TIMEOUT_MS,
  SERVER_ENV,
  startPostmaster,
  stopPostmaster,
} from "./clusterProcess.ts";
import { type Postmaster, pidFileOf } from "./postmaster.ts";
import { type ServerUser, serverUser } from "./serverUser.ts";

const ORPHANS_POLL_MS = 20;

/** Our superuser: as on Azure, the customer's admin never is one. */
export const SUPERUSER = "azuresu";

/** One PostgreSQL cluster as it should be. */
export interface ClusterOrder {
  /** Folder that the server's user can reach; holds binaries and the data folders. Made when missing. */
  readonly place: string;
  /** Name of the data folder in `place`. */
  readonly name: string;
  readonly port: number;
  readonly maxConnections: number;
  /** Written by the server as our own user; 0600. */
  readonly logFile: string;
  readonly superuserPassword: string;
  /** False for a throw-away cluster that may lose everything in a crash of the machine. */
  readonly isDurable: boolean;
}

/** Where a cluster's files are. */
export function dataDirOf(order: Pick<ClusterOrder, "place" | "name">): string {
  return path.join(order.place, "data", order.name);
}

/** Makes the cluster unless it is there, starts it unless it runs, and waits until it takes connections. */
export async function ensureCluster(order: ClusterOrder): Promise<Postmaster> {
  const dataDir = dataDirOf(order);
  const running = await awaitPostmaster(dataDir);
  if (running?.port === order.port) return running;
  if (running !== undefined) await stopPostmaster(dataDir);
  const user = serverUser();
  await makePlace(order.place, user);
  const binaries = await installBinaries(order.place);
  if (!(await exists(dataDir))) await initialize(order, binaries, user);
  await writeSettings(order, user);
  if (!(await isPortLeft(order))) throw portTaken(`PostgreSQL server '${order.name}'`, order.port);
  return startPostmaster(binaries.postgres, dataDir, order.logFile, user);
}

/** Whether its port is free. What a killed server had just started may have the port for a moment longer. */
async function isPortLeft(order: ClusterOrder): Promise<boolean> {
  const wasKilled = await exists(pidFileOf(dataDirOf(order)));
  const deadline = Date.now() + (wasKilled ? ORPHANS_TIMEOUT_MS : 0);
  while (!(await isFree(order.port))) {
    if (Date.now() >= deadline) return false;
    await pause(ORPHANS_POLL_MS);
  }
  return true;
}

/** Stops the server; the data stay. */
export async function stopCluster(order: Pick<ClusterOrder, "place" | "name">): Promise<void> {
  await stopPostmaster(dataDirOf(order));
}

/** Stops the server and deletes its data; a missing one is done. */
export async function removeCluster(order: Pick<ClusterOrder, "place" | "name">): Promise<void> {
  await stopCluster(order);
  await fs.rm(dataDirOf(order), { recursive: true, force: true });
}

/** Only the server's user gets in; binaries in it belong to us, so the server can't change them. */
async function makePlace(place: string, user: ServerUser | undefined): Promise<void> {
  for (const folder of [place, path.join(place, "data")]) {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    if (user !== undefined) await fs.chown(folder, user.uid, user.gid);
  }
}

/** Whatever a killed initialization left: nobody is at it, for its home was locked by whom was killed. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const parent = path.dirname(dataDir);
  for (const name of await fs.readdir(parent)) {
    if (!name.startsWith(`${path.basename(dataDir)}.`)) continue;
    await fs.rm(path.join(parent, name), { recursive: true, force: true });
  }
}

/** initdb in a folder beside, then a rename: a half-made cluster is never taken for one. */
async function initialize(
  order: ClusterOrder,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  const dataDir = dataDirOf(order);
  await removeUnfinished(dataDir);
  const unfinished = `${dataDir}.${randomUUID()}`;
  const passwordFile = `${unfinished}.password`;
  await fs.writeFile(passwordFile, `${order.superuserPassword}\n`, { mode: 0o600 });
  try {
    if (user !== undefined) await fs.chown(passwordFile, user.uid, user.gid);
    const args = [`--pgdata=${unfinished}`, `--pwfile=${passwordFile}`, ...INITDB_OPTIONS];
    args.push(...(order.isDurable ? SYNC_OPTIONS : ["--no-sync"]));
    await promisify(execFile)(binaries.initdb, args, { cwd: order.place, env: SERVER_ENV, ...user });
    await fs.appendFile(path.join(unfinished, "postgresql.conf"), `include '${SETTINGS_FILE}'\n`);
    await fs.rename(unfinished, dataDir);
  } catch (cause) {
    await fs.rm(unfinished, { recursive: true, force: true });
    throw initFailure(order.name, cause);
  } finally {
    await fs.rm(passwordFile, { force: true });
  }
}

function initFailure(name: string, cause: unknown): LocalCloudError {
  const said = (cause as { stderr?: string }).stderr?.trim() ?? String(cause);
  return new LocalCloudError("E_UNREACHABLE", `PostgreSQL server '${name}' could not be made: ${said}`, {
    cause,
  });
}

/** Text sorts the same on every machine: no locale of the operating system is used. */
const INITDB_OPTIONS = [
  `--username=${SUPERUSER}`,
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale=C",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--no-instructions",
];

/** One call for all of a file system instead of one for each of a thousand files; only Linux has it. */
const SYNC_OPTIONS = process.platform === "linux" ? ["--sync-method=syncfs"] : [];

const SETTINGS_FILE = "tenantry.conf";

/** Whole file each time: what an older version wrote is gone. */
async function writeSettings(order: ClusterOrder, user: ServerUser | undefined): Promise<void> {
  const file = path.join(dataDirOf(order), SETTINGS_FILE);
  const lines = Object.entries(settingsOf(order)).map(([name, value]) => `${name} = '${value}'\n`);
  await fs.writeFile(file, lines.join(""), { mode: 0o600 });
  if (user !== undefined) await fs.chown(file, user.uid, user.gid);
}

function settingsOf(order: ClusterOrder): Record<string, string | number> {
  return {
    listen_addresses: "127.0.0.1",
    port: order.port,
    unix_socket_directories: "",
    max_connections: order.maxConnections,
    password_encryption: "scram-sha-256",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %q%u@%d ",
    ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}),
    ...(order.isDurable ? {} : FAST_SETTINGS),
  };
}

/** Lost only when the machine goes: a server that crashes must still have what it acknowledged. */
const FAST_SETTINGS = { fsync: "off", full_page_writes: "off" };

async function exists(file: string): Promise<boolean> {
  try {
    await fs.access(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
