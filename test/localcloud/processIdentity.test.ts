import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import net from "node:net";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { isRunning, ownIdentity } from "../../src/localcloud/processIdentity.ts";

const hasPython = process.platform === "linux" && spawnSync("python3", ["--version"]).status === 0;

/** A process that listens, and whose first thread has ended while another one goes on. */
const LEADERLESS = `
import ctypes, os, socket, threading, time
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(60,)).start()
print(os.getpid(), listener.getsockname()[1], flush=True)
exit_thread = ctypes.CDLL(None).pthread_exit
exit_thread.argtypes = [ctypes.c_void_p]
exit_thread(None)`;

async function startLeaderless(): Promise<{ child: ChildProcess; pid: number; port: number }> {
  const child = spawn("python3", ["-c", LEADERLESS], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [said] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const [pid = 0, port = 0] = said.split(" ").map(Number);
  return { child, pid, port };
}

async function startedAt(pid: number): Promise<string> {
  const own = await ownIdentity();
  const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8");
  return `${own.startedAt.split(" ")[0]} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}

test("this process runs; one of the same number that began at another time doesn't", async () => {
  const own = await ownIdentity();
  expect(await isRunning(own)).toBe(true);
  expect(await isRunning({ ...own, startedAt: `${own.startedAt}0` })).toBe(false);
});

test.skipIf(!hasPython)(
  `a process runs until its last thread is gone, for only then its ports are free${hasPython ? "" : " (skipped: no Linux, or no python3)"}`,
  async () => {
    const { child, pid, port } = await startLeaderless();
    await expect.poll(() => fs.readFile(`/proc/${pid}/stat`, "utf8")).toMatch(/\) Z /);
    const identity = { pid, startedAt: await startedAt(pid) };
    expect(await isRunning(identity)).toBe(true);
    const client = net.connect(port, "127.0.0.1");
    await once(client, "connect");
    client.destroy();
    child.kill("SIGKILL");
    await expect.poll(() => isRunning(identity)).toBe(false);
  },
);
