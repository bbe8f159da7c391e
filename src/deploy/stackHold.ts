import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { claimStack, type LockWait, readLocks } from "./stackLocks.ts";

/** A stack that belongs to this process although no engine runs on it. */
export interface StackHold {
  /**
   * Lets go of the stack for one run of this process's own on it, and takes it again afterwards. Whoever comes in between is
   * waited for or refused as at the beginning.
   */
  letGoFor<T>(run: () => Promise<T>): Promise<T>;
}

/**
 * Holds a stack against every engine while `body` works on what the stack describes: by a lock file of Pulumi's own kind, which
 * either engine looks for. Throws `E_LOCKED` where another run has it. `folder` is the stack's folder of lock files.
 */
export async function holdStack<T>(
  stack: string,
  folder: string,
  wait: LockWait,
  body: (hold: StackHold) => Promise<T>,
): Promise<T> {
  const path = join(folder, `${randomUUID()}.json`);
  const take = () => takeLock(stack, path, wait);
  const letGo = () => rm(path, { force: true });
  await take();
  try {
    return await body({
      letGoFor: async (run) => {
        await letGo();
        try {
          return await run();
        } finally {
          await take();
        }
      },
    });
  } finally {
    await letGo();
  }
}

/** Looks, writes, looks again: of two that wrote at the same moment the one whose file sorts last gives way and waits. */
async function takeLock(stack: string, path: string, wait: LockWait): Promise<void> {
  for (;;) {
    await claimStack(stack, dirname(path), wait);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(ownLock()));
    const rivals = (await readLocks(dirname(path))).filter((lock) => lock.path < path);
    if (rivals.length === 0) return;
    await rm(path, { force: true });
  }
}

function ownLock() {
  const { username } = userInfo();
  return { pid: process.pid, username, hostname: hostname(), timestamp: new Date().toISOString() };
}
