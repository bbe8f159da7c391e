import { type SpawnOptions, spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { LocalCloudError } from "../localCloudError.ts";
import { openLog } from "../logFile.ts";
import { disownPidFile, findPostmaster, type Postmaster, readIfThere, runsOn } from "./postmaster.ts";
import type { ServerUser } from "./serverUser.ts";

/** A crash with many databases takes seconds to recover from (FAULTS, finding 10). */
const START_TIMEOUT_MS = 120_000;
/** The last checkpoint of a server with hundreds of databases takes its time. */
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 10;
/** How long the processes of a killed server may live on. */
export const ORPHANS_TIMEOUT_MS = 30_000;
const ORPHANS_PAUSE_MS = 200;
/** PostgreSQL's words for it, in its log. */
const MEMORY_HELD = "pre-existing shared memory block";
/** How much of the server's log an error shows. */
const LOG_TAIL_LINES = 8;

/** Environment of server processes: nothing of ours, above all no secret, gets in. */
export const SERVER_ENV: NodeJS.ProcessEnv = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" };

/** The server of a data folder once it takes connections; undefined when none runs or the one that did ended. */
export async function awaitPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = await findPostmaster(dataDir);
    if (found === undefined || found.isReady) return found;
    if (Date.now() > deadline) {
      const message = `PostgreSQL in '${dataDir}' (process ${found.pid}) is not ready after ${START_TIMEOUT_MS / 1000} s.`;
      throw new LocalCloudError("E_UNREACHABLE", message);
    }
    await pause(POLL_MS);
  }
}

/**
 * Starts the server so that it outlives this process, and waits until it takes connections. The processes of one
 * that was killed hold its memory until they notice; PostgreSQL then refuses, and is asked again.
 */
export async function startPostmaster(
  postgres: string,
  dataDir: string,
  logFile: string,
  user: ServerUser | undefined,
): Promise<Postmaster> {
  const deadline = Date.now() + ORPHANS_TIMEOUT_MS;
  for (;;) {
    const said = await logSize(logFile);
    await disownPidFile(dataDir, user);
    try {
      return await spawnPostmaster(postgres, dataDir, logFile, user);
    } catch (error) {
      const log = await fs.readFile(logFile);
      // A log that was put aside begins anew.
      const isHeld = log.subarray(log.length < said ? 0 : said).includes(MEMORY_HELD);
      if (!isHeld || Date.now() > deadline) throw error;
      await pause(ORPHANS_PAUSE_MS);
    }
  }
}

async function spawnPostmaster(
  postgres: string,
  dataDir: string,
  logFile: string,
  user: ServerUser | undefined,
): Promise<Postmaster> {
  const log = await openLog(logFile);
  try {
    const options: SpawnOptions = {
      cwd: dataDir,
      detached: true,
      env: SERVER_ENV,
      stdio: ["ignore", log.fd, log.fd],
      ...user,
    };
    const child = spawn(postgres, ["-D", dataDir], options);
    child.unref();
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    return await untilReady(dataDir, ended, logFile);
  } finally {
    await log.close();
  }
}

async function logSize(logFile: string): Promise<number> {
  return Buffer.byteLength((await readIfThere(logFile)) ?? "");
}

async function untilReady(dataDir: string, ended: Promise<string>, logFile: string): Promise<Postmaster> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const problem = await Promise.race([ended, pause(POLL_MS)]);
    if (problem !== undefined) throw await startFailure(dataDir, problem, logFile);
    const found = await findPostmaster(dataDir);
    if (found?.isReady) return found;
  }
  throw await startFailure(dataDir, `not ready after ${START_TIMEOUT_MS / 1000} s`, logFile);
}

async function startFailure(dataDir: string, problem: string, logFile: string): Promise<LocalCloudError> {
  const tail = ((await readIfThere(logFile)) ?? "").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  return new LocalCloudError(
    "E_UNREACHABLE",
    `PostgreSQL in '${dataDir}' did not start: ${problem}.\n${tail}`,
    {
      hint: `The whole log is '${logFile}'.`,
    },
  );
}

/**
 * Ends the server of a data folder: sessions are cut, nothing committed is lost. Resolves when the process is
 * gone; a server that doesn't stop in time is ended the hard way and recovers at its next start.
 */
export async function stopPostmaster(dataDir: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    const found = await findPostmaster(dataDir);
    if (found === undefined) return;
    sendSignal(found.pid, signal);
    if (await isGoneWithin(found.pid, dataDir, STOP_TIMEOUT_MS)) return;
  }
  throw new LocalCloudError("E_UNREACHABLE", `PostgreSQL in '${dataDir}' does not stop.`);
}

/** Ends the server at once, as a crash does: it recovers at its next start. One that doesn't run is down already. */
export async function crashPostmaster(dataDir: string): Promise<void> {
  const found = await findPostmaster(dataDir);
  if (found === undefined) return;
  sendSignal(found.pid, "SIGQUIT");
  if (await isGoneWithin(found.pid, dataDir, STOP_TIMEOUT_MS)) return;
  throw new LocalCloudError("E_UNREACHABLE", `PostgreSQL in '${dataDir}' does not stop.`);
}

async function isGoneWithin(pid: number, dataDir: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (!(await runsOn(pid, dataDir))) return true;
    await pause(POLL_MS);
  }
  return false;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
