import { setTimeout as pause } from "node:timers/promises";
import type { Notice } from "./daemon/notice.ts";
import { askDaemon, findDaemon } from "./daemonClient.ts";
import type { Home } from "./home.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { lockOwner } from "./lock.ts";
import { isRunning, type ProcessIdentity } from "./processIdentity.ts";

/** Longer than PostgreSQL may take to end. */
const STOP_TIMEOUT_MS = 150_000;
/** How long whoever has the home may take to become a ready daemon, or to be done with a reset or a stop. */
const SETTLE_TIMEOUT_MS = 60_000;
const POLL_MS = 15;

/** Ends the home's daemon; one that is just starting or ending is waited for first. */
export async function stopDaemon(home: Home): Promise<void> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const daemon = await findDaemon(home);
    if (daemon !== undefined) return endDaemon(daemon);
    const owner = await lockOwner(home.run);
    if (owner === undefined) return;
    if (Date.now() > deadline) {
      sendSignal(owner.pid, "SIGTERM");
      return waitUntilGone(owner);
    }
    await pause(POLL_MS);
  }
}

/** Waits until a process is gone; one that doesn't go in time is ended the hard way. */
export async function waitUntilGone(identity: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (await isRunning(identity)) {
    if (Date.now() > deadline) sendSignal(identity.pid, "SIGKILL");
    await pause(POLL_MS);
  }
}

/** Asks a daemon to end and waits; one that doesn't even answer is ended the hard way. */
async function endDaemon(daemon: Notice): Promise<void> {
  try {
    await askDaemon(daemon, "POST", "/stop");
  } catch (error) {
    if (!(error instanceof LocalCloudError)) throw error;
    sendSignal(daemon.pid, "SIGKILL");
  }
  await waitUntilGone(daemon);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
