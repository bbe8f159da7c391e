import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockOwner, takeLock } from "../../src/localcloud/lock.ts";
import { ownIdentity } from "../../src/localcloud/processIdentity.ts";

const LOCK = path.resolve(import.meta.dirname, "../../src/localcloud/lock.ts");
const AT_ONCE = 6;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "tenantry-test-lock-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await fs.rm(folder, { recursive: true, force: true });
});

/** A process that tries to take the lock and keeps what it got; answers what it said. */
function contender(): { child: ChildProcess; said: Promise<string> } {
  const script = `
    const { takeLock } = await import(${JSON.stringify(LOCK)});
    const lock = await takeLock(${JSON.stringify(folder)});
    process.stdout.write(lock === undefined ? "refused" : "taken");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  children.push(child);
  const said = new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(String(chunk)));
    child.once("exit", (code) => reject(new Error(`contender ended with ${code}`)));
  });
  return { child, said };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

describe("lock", () => {
  test("of many processes at once one gets it, and again one after that one was killed", async () => {
    const first = Array.from({ length: AT_ONCE }, contender);
    const said = await Promise.all(first.map((each) => each.said));
    expect(said.filter((text) => text === "taken")).toHaveLength(1);
    const winner = first[said.indexOf("taken")];
    winner?.child.removeAllListeners("exit");
    expect((await lockOwner(folder))?.pid).toBe(winner?.child.pid);
    await killed(winner!.child);
    expect(await lockOwner(folder)).toBeUndefined();
    const second = await Promise.all(Array.from({ length: AT_ONCE }, contender).map((each) => each.said));
    expect(second.filter((text) => text === "taken")).toHaveLength(1);
    expect((await fs.readdir(folder)).filter((name) => name.startsWith("lock."))).toHaveLength(1);
  });

  test("a lock that was released can be taken", async () => {
    const lock = await takeLock(folder);
    expect(await takeLock(folder)).toBeUndefined();
    await lock?.release();
    expect(await takeLock(folder)).toBeDefined();
  });

  test("a process that has the dead owner's number but started at another time does not hold it", async () => {
    const own = await ownIdentity();
    await fs.writeFile(path.join(folder, "lock.7"), JSON.stringify({ ...own, startedAt: "another boot 1" }));
    expect(await lockOwner(folder)).toBeUndefined();
    expect(await takeLock(folder)).toBeDefined();
    expect(await fs.readdir(folder)).toEqual(["lock.8"]);
  });
});
