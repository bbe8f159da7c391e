import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "../tenant/errors.ts";
import { isOwnerAlive, isOwnerHere } from "./lockOwner.ts";
import { LOCK_HINT } from "./runFailure.ts";

/** One lock file of Pulumi's DIY backend. */
export interface StackLock {
  readonly path: string;
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  /** When it was taken, in ISO 8601. */
  readonly timestamp: string;
  /** What the embedded engine says of where its owner runs. */
  readonly machineId?: string;
  readonly bootId?: string;
  readonly pidSpace?: string;
}

/** How a run waits for its stack. */
export interface LockWait {
  /** False: a held stack is `E_LOCKED` at once. */
  readonly isPatient: boolean;
  readonly signal?: AbortSignal;
  readonly onNote: (text: string) => void;
}

/** How often a waiting run looks again. */
export const LOCK_POLL_MS = 200;

/**
 * Frees a stack from locks whose owner is dead, and waits for or refuses a living one. A lock of another machine or
 * container is never taken over: nobody here can know whether its owner lives. `folder` is the stack's own folder of lock files.
 */
export async function claimStack(stack: string, folder: string, wait: LockWait): Promise<void> {
  let isToldToWait = false;
  for (;;) {
    const held = await releaseDead(await readLocks(folder), wait.onNote);
    const [holder] = held;
    if (holder === undefined) return;
    if (!wait.isPatient) throw locked(stack, holder, await isOwnerHere(holder));
    if (!isToldToWait) wait.onNote(`waiting for ${describe(holder)}`);
    isToldToWait = true;
    await delay(LOCK_POLL_MS, undefined, wait.signal === undefined ? {} : { signal: wait.signal });
  }
}

/** Every readable lock of a stack. One that vanishes or is half-written while we look is no lock yet. */
export async function readLocks(folder: string): Promise<StackLock[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const locks = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => readLock(join(folder, name))),
  );
  return locks.filter((lock) => lock !== undefined);
}

async function readLock(path: string): Promise<StackLock | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  if (text === "") return undefined;
  try {
    return { ...(JSON.parse(text) as Omit<StackLock, "path">), path };
  } catch (error) {
    if (error instanceof SyntaxError) return { path, ...UNREADABLE };
    throw error;
  }
}

/** A torn lock file may be somebody's who lives: it is never taken over. */
const UNREADABLE = { pid: 0, username: "unknown", hostname: "unknown", timestamp: "unknown" };

async function releaseDead(
  locks: readonly StackLock[],
  onNote: (text: string) => void,
): Promise<StackLock[]> {
  const living: StackLock[] = [];
  for (const lock of locks) {
    if (!(await isOwnerHere(lock)) || (await isOwnerAlive(lock.pid, new Date(lock.timestamp)))) {
      living.push(lock);
      continue;
    }
    onNote(`took over the lock of ${describe(lock)}, which no longer runs`);
    await rm(lock.path, { force: true });
    // The official CLI keeps the file's attributes beside it.
    await rm(`${lock.path}.attrs`, { force: true });
  }
  return living;
}

function locked(stack: string, holder: StackLock, isHere: boolean): UserError {
  const hint = isHere
    ? LOCK_HINT
    : `${LOCK_HINT} If that machine or container is gone, \`tenantry pulumi -- cancel -s ${stack} --yes\` frees it.`;
  return new UserError("E_LOCKED", `stack '${stack}' is held by ${describe(holder)}.`, { hint });
}

function describe({ pid, username, hostname: host, timestamp }: StackLock): string {
  return `${username}@${host} (pid ${pid}) since ${timestamp}`;
}
