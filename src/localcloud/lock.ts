import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import { isRunning, ownIdentity, type ProcessIdentity } from "./processIdentity.ts";

/** A home that is ours until this process ends or lets go. */
export interface Lock {
  release(): Promise<void>;
}

const PREFIX = "lock.";
const NOBODY: ProcessIdentity = { pid: 0, startedAt: "" };

/**
 * Takes the home for this process; undefined when a running process has it. A dead owner's lock is taken over.
 *
 * The newest of the numbered files `lock.<n>` names the owner. Its successor is made by `link`, which fails when
 * another was faster, and numbers only grow, because the newest is never removed: so nobody with an old view of the
 * folder can take a number that counts.
 */
export async function takeLock(folder: string): Promise<Lock | undefined> {
  const own = await ownIdentity();
  for (;;) {
    const newest = Math.max(0, ...(await numbers(folder)));
    const owner = await readOwner(folder, newest);
    if (owner !== undefined && (await isRunning(owner))) return undefined;
    const mine = newest + 1;
    if (!(await create(folder, mine, own))) continue;
    const all = await numbers(folder);
    if (Math.max(...all) !== mine) {
      await remove(folder, mine);
      continue;
    }
    for (const old of all.filter((number) => number < mine)) await remove(folder, old);
    return { release: () => release(folder, mine) };
  }
}

/** Who has the home, when that process runs. */
export async function lockOwner(folder: string): Promise<ProcessIdentity | undefined> {
  const owner = await readOwner(folder, Math.max(0, ...(await numbers(folder))));
  return owner !== undefined && (await isRunning(owner)) ? owner : undefined;
}

async function numbers(folder: string): Promise<number[]> {
  const names = await unlessMissing(() => fs.readdir(folder));
  return (names ?? []).flatMap((name) =>
    /^lock\.\d+$/.test(name) ? [Number(name.slice(PREFIX.length))] : [],
  );
}

async function readOwner(folder: string, number: number): Promise<ProcessIdentity | undefined> {
  const text = await unlessMissing(() => fs.readFile(fileOf(folder, number), "utf8"));
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity);
}

/** False when another process made that number first. */
async function create(folder: string, number: number, own: ProcessIdentity): Promise<boolean> {
  const prepared = path.join(folder, `taking.${randomUUID()}`);
  await fs.writeFile(prepared, JSON.stringify(own), { mode: 0o600 });
  try {
    await fs.link(prepared, fileOf(folder, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await fs.rm(prepared, { force: true });
  }
}

/** Written over in one step by its owner, so that the number stays used. */
async function release(folder: string, number: number): Promise<void> {
  const prepared = path.join(folder, `taking.${randomUUID()}`);
  await fs.writeFile(prepared, JSON.stringify(NOBODY), { mode: 0o600 });
  await fs.rename(prepared, fileOf(folder, number));
}

async function remove(folder: string, number: number): Promise<void> {
  await fs.rm(fileOf(folder, number), { force: true });
}

function fileOf(folder: string, number: number): string {
  return path.join(folder, `${PREFIX}${number}`);
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
