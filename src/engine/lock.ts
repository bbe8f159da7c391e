import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FileBackend, StackId } from "./backend.ts";
import { listFolder } from "./backend.ts";
import { createFile, hasErrorCode, readIfPresent, removeIfPresent } from "./durableFile.ts";
import { EngineError, messageOf } from "./errors.ts";

/** A lock file's content: Pulumi's fields and when the owner's process started (Linux: clock ticks since boot). */
interface LockContent {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
  readonly processStart?: string;
  /** Tells boots apart: pids and start ticks repeat. */
  readonly bootId?: string;
}

/** A stack's lock, held until {@link release}. */
export interface StackLock {
  release(): Promise<void>;
}

/**
 * Locks a stack as the official CLI does: look, write, look again. Locks of processes that are dead on
 * this host are taken over and reported to `report`; any other makes it throw "the stack is currently locked by".
 */
export async function lockStack(
  backend: FileBackend,
  id: StackId,
  report: (line: string) => void,
): Promise<StackLock> {
  const folder = backend.lockFolder(id);
  const path = join(folder, `${randomUUID()}.json`);
  await refuseForeignLocks(folder, path, report);
  await mkdir(folder, { recursive: true });
  await createFile(path, JSON.stringify(await ownContent()), backend.lockRoot);
  try {
    await outlastRivals(folder, path, report);
  } catch (error) {
    await removeIfPresent(path);
    throw error;
  }
  return {
    release: async () => {
      await removeIfPresent(path);
    },
  };
}

/** Removes every lock of a stack, what `cancel` does; answers whether one was of a process that lives, or may. */
export async function breakLocks(backend: FileBackend, id: StackId): Promise<{ readonly wasHeld: boolean }> {
  const folder = backend.lockFolder(id);
  const locks = (await listFolder(folder)).filter((name) => name.endsWith(".json"));
  let wasHeld = false;
  for (const name of locks) {
    const path = join(folder, name);
    const lock = await readLock(path);
    wasHeld ||= lock !== undefined && !(await isDead(lock));
    await removeIfPresent(path);
    await removeIfPresent(`${path}.attrs`);
  }
  return { wasHeld };
}

async function ownContent(): Promise<LockContent> {
  const start = await processStart(process.pid);
  const boot = await bootId();
  return {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
    ...(start === undefined ? {} : { processStart: start }),
    ...(boot === undefined ? {} : { bootId: boot }),
  };
}

async function refuseForeignLocks(
  folder: string,
  own: string,
  report: (line: string) => void,
): Promise<void> {
  const { held } = await foreignLocks(folder, own, report);
  if (held.length > 0) throw lockedError(held);
}

/** How long the first of several that locked at the same moment waits for the others to give way. */
const RIVAL_TURNS = 60;
const RIVAL_TURN_MS = 25;

/**
 * Several that pass the first look together see each other's locks in the second. The one whose lock sorts first
 * stays and looks again, also when a late one shows up in between; the others give way at once, so that one of them
 * wins. Against a holder that came first the wait changes nothing.
 */
async function outlastRivals(folder: string, own: string, report: (line: string) => void): Promise<void> {
  for (let turn = 1; ; turn++) {
    const { held, isOwnFirst } = await foreignLocks(folder, own, report);
    if (held.length === 0) return;
    if (!isOwnFirst || turn === RIVAL_TURNS) throw lockedError(held);
    await delay(RIVAL_TURN_MS);
  }
}

interface ForeignLocks {
  /** A line for each lock of a process that lives, or may. */
  readonly held: readonly string[];
  readonly isOwnFirst: boolean;
}

/** The other locks of a stack; those of dead processes are taken over. */
async function foreignLocks(
  folder: string,
  own: string,
  report: (line: string) => void,
): Promise<ForeignLocks> {
  const names = (await listFolder(folder)).filter((name) => name.endsWith(".json"));
  const foreign = names.map((name) => join(folder, name)).filter((path) => path !== own);
  const held: string[] = [];
  for (const path of foreign) {
    const lock = await readLock(path);
    if (lock === undefined) continue;
    if (await isDead(lock)) await takeOver(path, lock, report);
    else held.push(`\n  file://${path}: created by ${describe(lock)}`);
  }
  return { held, isOwnFirst: join(folder, names[0] ?? "") === own };
}

function lockedError(held: readonly string[]): EngineError {
  return new EngineError(
    `the stack is currently locked by ${held.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${held.join("")}`,
  );
}

function describe(lock: LockContent): string {
  return `${lock.username}@${lock.hostname} (pid ${lock.pid}) at ${lock.timestamp}`;
}

/** Undefined when the lock was released meanwhile. A torn lock file counts as a live one of nobody we know. */
async function readLock(path: string): Promise<LockContent | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as LockContent;
  } catch (error) {
    return { pid: 0, username: "?", hostname: "?", timestamp: `an unknown time (${messageOf(error)})` };
  }
}

async function takeOver(path: string, lock: LockContent, report: (line: string) => void): Promise<void> {
  report(`took over the stack's lock of ${describe(lock)}: that process has ended`);
  await removeIfPresent(path);
  await removeIfPresent(`${path}.attrs`);
}

async function isDead(lock: LockContent): Promise<boolean> {
  if (lock.hostname !== hostname() || lock.pid <= 0) return false;
  if (!isRunning(lock.pid) || (await hasEnded(lock.pid))) return true;
  const boot = await bootId();
  if (lock.bootId !== undefined && boot !== undefined && lock.bootId !== boot) return true;
  const start = await processStart(lock.pid);
  if (lock.processStart !== undefined) return start !== undefined && start !== lock.processStart;
  return await startedAfter(lock.pid, lock.timestamp);
}

/** EPERM means a process of another user, which is alive. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasErrorCode(error, ["ESRCH"]);
  }
}

/** A zombie has ended; in a container whose first process collects nobody it stays for ever. */
async function hasEnded(pid: number): Promise<boolean> {
  const text = await readIfPresent(`/proc/${pid}/stat`);
  return text !== undefined && ["Z", "X"].includes(text.charAt(text.lastIndexOf(")") + 2));
}

/** Field 22 of /proc/<pid>/stat; undefined where there is no /proc. */
async function processStart(pid: number): Promise<string | undefined> {
  const text = await readIfPresent(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

async function bootId(): Promise<string | undefined> {
  return (await readIfPresent("/proc/sys/kernel/random/boot_id"))?.trim();
}

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** A process that took its lock can't have started later than this after the lock's time. */
const CLOCK_SLACK_MS = 2_000;

/** For locks of the official CLI, which don't say when their process started: a younger process reused the pid. */
async function startedAfter(pid: number, timestamp: string): Promise<boolean> {
  const ticks = await processStart(pid);
  if (ticks === undefined) return false;
  const uptimeSeconds = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
  const startedMs = Date.now() - (uptimeSeconds - Number(ticks) / TICKS_PER_SECOND) * 1000;
  return startedMs > Date.parse(timestamp) + CLOCK_SLACK_MS;
}
