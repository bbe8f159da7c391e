/**
 * The local cloud's background process: `bin/local-cloud.mjs <home> <root> <program>`. One a home; started by
 * `openLocalCloud().start()`, it stays until `stop`, SIGTERM, or until its home is gone.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { serveControl } from "./daemon/control.ts";
import { openCore } from "./daemon/core.ts";
import { readNotice, removeNotice, writeNotice, writeProblem } from "./daemon/notice.ts";
import { EXIT_LOCKED, EXIT_PROBLEM, problemOf } from "./daemon/protocol.ts";
import { runServices } from "./daemon/running.ts";
import type { OpenOriginGate } from "./frontDoor/originGate.ts";
import { type Home, homeOf, makeHome } from "./home.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { takeLock } from "./lock.ts";
import { ownIdentity } from "./processIdentity.ts";

/** How often the daemon looks whether its home is still there. */
const WATCH_MS = 2_000;

interface StopOptions {
  readonly keepsPostgres: boolean;
}

/** Runs until it is asked to stop, and ends the process. Arguments: home, root and the program's fingerprint; the gate of Front Door's origin. */
export async function runDaemonProcess(
  [folder = "", root = "", program = ""]: readonly string[],
  onReady: () => void,
  openGate: OpenOriginGate,
): Promise<void> {
  const home = homeOf(root, folder);
  await makeHome(home);
  const lock = await takeLock(home.run);
  if (lock === undefined) process.exit(EXIT_LOCKED);
  try {
    await runDaemon(home, root, { program, onReady, openGate });
    process.exit(0);
  } catch (error) {
    if (!(error instanceof LocalCloudError)) throw error;
    console.error(`${new Date().toISOString()} ${error.code} ${error.message}`);
    await writeProblem(home.run, problemOf(error));
    process.exit(EXIT_PROBLEM);
  }
}

interface DaemonStart {
  readonly program: string;
  readonly onReady: () => void;
  readonly openGate: OpenOriginGate;
}

async function runDaemon(
  home: Home,
  root: string,
  { program, onReady, openGate }: DaemonStart,
): Promise<void> {
  const core = await openCore(home, root);
  const running = await runServices(core, openGate);
  const token = randomBytes(32).toString("hex");
  const announce = async (stop: (options: StopOptions) => void) => {
    const control = await serveControl(running, await core.context.ports.reserve("control"), token, stop);
    await writeNotice(home.run, { ...(await ownIdentity()), port: control.port, token, program });
    onReady();
  };
  const stopped = new Promise<StopOptions>((stop, fail) => {
    const stopAll = () => stop({ keepsPostgres: false });
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stopAll);
    announce(stop)
      .then(() => watchHome(home))
      .then(stopAll, fail);
  });
  const options = await stopped;
  // First nobody finds it any more, then it goes: who asks meanwhile waits for its end and starts another.
  await removeNotice(home.run);
  await running.stop(options);
}

/**
 * Resolves when the home has been deleted or moved away under us: nobody could find or stop this process any more.
 * PostgreSQL's data, which as root lie elsewhere, are left as they are.
 */
async function watchHome(home: Home): Promise<void> {
  while ((await readNotice(home.run)) !== undefined) await pause(WATCH_MS, undefined, { ref: false });
}
