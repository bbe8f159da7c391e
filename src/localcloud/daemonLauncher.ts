import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Notice, readProblem } from "./daemon/notice.ts";
import { programFingerprint } from "./daemon/program.ts";
import { EXIT_LOCKED, EXIT_PROBLEM, errorOf, SETTING_PREFIX } from "./daemon/protocol.ts";
import { askDaemon, findDaemon } from "./daemonClient.ts";
import { waitUntilGone } from "./daemonStop.ts";
import { type Home, makeHome } from "./home.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { lockOwner } from "./lock.ts";
import { openLog } from "./logFile.ts";

/** PostgreSQL servers that crashed may recover for a while before the daemon is ready. */
const START_TIMEOUT_MS = 180_000;
const POLL_MS = 15;
const LOG_TAIL_LINES = 12;

/** Variables that the daemon gets of ours: nothing else, so that no caller's secret lives on in it. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "LANG"];

/** The home's daemon, ready and of this very program; started when there is none. */
export async function ensureDaemon(home: Home, root: string): Promise<Notice> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let launch: Launch | undefined;
  while (Date.now() < deadline) {
    const daemon = await findDaemon(home);
    if (daemon !== undefined && daemon.program === (await programFingerprint())) return daemon;
    if (daemon !== undefined) await replaceDaemon(daemon);
    else if ((await lockOwner(home.run)) === undefined) launch = await launchAgain(home, root, launch);
    await pause(POLL_MS);
  }
  throw new LocalCloudError(
    "E_UNREACHABLE",
    `The local cloud is not ready after ${START_TIMEOUT_MS / 1000} s.`,
    {
      hint: `Its log is '${logOf(home)}'.`,
    },
  );
}

/** A daemon of an older program goes; its PostgreSQL servers stay for the next one. */
async function replaceDaemon(daemon: Notice): Promise<void> {
  await askDaemon(daemon, "POST", "/stop?postgres=keep");
  await waitUntilGone(daemon);
}

interface Launch {
  readonly child: ChildProcess;
  /** Where this launch's lines begin in the log. */
  readonly logStart: number;
}

async function launchAgain(home: Home, root: string, last: Launch | undefined): Promise<Launch> {
  if (last !== undefined && last.child.exitCode === null && last.child.signalCode === null) return last;
  // Code 0: it was ready, and somebody asked it to stop.
  const hasGivenWay = last === undefined || [0, EXIT_LOCKED].includes(last.child.exitCode ?? -1);
  if (!hasGivenWay) throw await launchFailure(home, last);
  return launchDaemon(home, root);
}

async function launchDaemon(home: Home, root: string): Promise<Launch> {
  await makeHome(home);
  const log = await openLog(logOf(home));
  try {
    const { size } = await log.stat();
    const args = [
      path.resolve(import.meta.dirname, "../../bin/local-cloud.mjs"),
      home.folder,
      path.resolve(root),
      // Of before the files are read: one that changes meanwhile makes it an older program, never a newer one.
      await programFingerprint(),
    ];
    const child = spawn(process.execPath, args, {
      cwd: home.folder,
      detached: true,
      env: daemonEnvironment(),
      stdio: ["ignore", log.fd, log.fd],
    });
    child.unref();
    return { child, logStart: size };
  } finally {
    await log.close();
  }
}

function daemonEnvironment(): NodeJS.ProcessEnv {
  const passed = Object.entries(process.env).filter(
    ([name]) => PASSED_ON.includes(name) || name.startsWith(SETTING_PREFIX),
  );
  return Object.fromEntries(passed);
}

async function launchFailure(home: Home, { child, logStart }: Launch): Promise<LocalCloudError> {
  if (child.exitCode === EXIT_PROBLEM) return errorOf(await readProblem(home.run));
  const log = (await fs.readFile(logOf(home))).subarray(logStart).toString("utf8").trimEnd();
  const tail = log.split("\n").slice(-LOG_TAIL_LINES).join("\n");
  const end = child.signalCode ?? `code ${child.exitCode}`;
  return new LocalCloudError(
    "E_UNREACHABLE",
    `The local cloud did not start: its process ended with ${end}.\n${tail}`,
    {
      hint: `The whole log is '${logOf(home)}'.`,
    },
  );
}

function logOf(home: Home): string {
  return path.join(home.log, "daemon.log");
}
