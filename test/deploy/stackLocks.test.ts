import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { claimStack } from "../../src/deploy/stackLocks.ts";
import { startZombie } from "../support/zombie.ts";

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-locks-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Fields {
  readonly pid: number;
  readonly hostname?: string;
  readonly timestamp?: string;
  readonly machineId?: string;
  readonly bootId?: string;
  readonly pidSpace?: string;
}

function lock(name: string, fields: Fields): void {
  const content = { username: "ann", hostname: hostname(), timestamp: new Date().toISOString(), ...fields };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(content));
}

async function runningPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  children.push(child);
  await once(child, "spawn");
  return child.pid ?? 0;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? 0;
}

function claim(isPatient = false): { readonly done: Promise<void>; readonly notes: string[] } {
  const notes: string[] = [];
  return {
    notes,
    done: claimStack("local.acme", folder, { isPatient, onNote: (text) => notes.push(text) }),
  };
}

describe("claimStack", () => {
  test("a stack that was never locked is free", async () => {
    rmSync(folder, { recursive: true });
    const { done, notes } = claim();
    await done;
    expect(notes).toEqual([]);
  });

  test("F4: the lock of a dead process on this machine is taken over, and says so", async () => {
    const pid = await deadPid();
    lock("one", { pid, timestamp: "2026-01-02T03:04:05Z" });
    const { done, notes } = claim();
    await done;
    expect(readdirSync(folder)).toEqual([]);
    expect(notes).toEqual([
      `took over the lock of ann@${hostname()} (pid ${pid}) since 2026-01-02T03:04:05Z, which no longer runs`,
    ]);
  });

  test.runIf(process.platform === "linux")("F4: so is that of a dead one that nobody collected", async () => {
    const zombie = await startZombie();
    try {
      lock("one", { pid: zombie.pid });
      await claim().done;
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      zombie.end();
    }
  });

  test("F4: a pid that now belongs to a younger process counts as dead", async () => {
    lock("one", { pid: await runningPid(), timestamp: "2020-01-01T00:00:00Z" });
    await claim().done;
    expect(readdirSync(folder)).toEqual([]);
  });

  test("F4: a living owner is never robbed: E_LOCKED with who, where and since when", async () => {
    const pid = await runningPid();
    const timestamp = new Date(Date.now() + 1000).toISOString();
    lock("one", { pid, timestamp });
    await expect(claim().done).rejects.toMatchObject({
      code: "E_LOCKED",
      message: `stack 'local.acme' is held by ann@${hostname()} (pid ${pid}) since ${timestamp}.`,
      hint: "`--wait` waits until it is free.",
    });
    expect(readdirSync(folder)).toEqual(["one.json"]);
  });

  test("F4: another machine's lock is never taken over, and the message says how to free it", async () => {
    lock("one", { pid: 1, hostname: "elsewhere", timestamp: "2020-01-01T00:00:00Z" });
    await expect(claim().done).rejects.toMatchObject({
      code: "E_LOCKED",
      message: "stack 'local.acme' is held by ann@elsewhere (pid 1) since 2020-01-01T00:00:00Z.",
      hint: "`--wait` waits until it is free. If that machine or container is gone, `tenantry pulumi -- cancel -s local.acme --yes` frees it.",
    });
  });

  test.runIf(process.platform === "linux").each([
    ["machine", { machineId: "0000" }],
    ["boot of nobody knows which machine", { bootId: "another" }],
    ["container", { pidSpace: "pid:[1]" }],
  ])("F4: nor is that of another %s of the same name, whose pids aren't seen here", async (_what, origin) => {
    lock("one", { pid: await deadPid(), timestamp: "2020-01-01T00:00:00Z", ...origin });
    await expect(claim().done).rejects.toMatchObject({
      code: "E_LOCKED",
      hint: expect.stringContaining("frees it"),
    });
    expect(readdirSync(folder)).toEqual(["one.json"]);
  });

  test("a torn lock file counts as somebody's", async () => {
    writeFileSync(join(folder, "torn.json"), '{"pid": 12');
    await expect(claim().done).rejects.toMatchObject({ code: "E_LOCKED" });
  });

  test("F5: with patience it waits until the owner is done", async () => {
    lock("one", { pid: await runningPid(), timestamp: new Date(Date.now() + 1000).toISOString() });
    const { done, notes } = claim(true);
    await expect.poll(() => notes.length).toBe(1);
    rmSync(join(folder, "one.json"));
    await done;
    expect(notes[0]).toMatch(/^waiting for ann@/);
  });
});
