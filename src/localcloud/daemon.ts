/**
 * The local cloud's background process: `node --import tsx daemon.ts <home> <root>`. One a home; started by
 * `openLocalCloud().start()`, it stays until `stop`, SIGTERM, or until its home is gone.
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { serveControl } from "./daemon/control.ts";
import { openCore } from "./daemon/core.ts";
import { readNotice, removeNotice, writeNotice } from "./daemon/notice.ts";
import { programFingerprint } from "./daemon/program.ts";
import { EXIT_LOCKED } from "./daemon/protocol.ts";
import { runServices } from "./daemon/running.ts";
import { type Home, homeOf, makeHome } from "./home.ts";
import { takeLock } from "./lock.ts";
import { ownIdentity } from "./processIdentity.ts";

/** How often the daemon looks whether its home is still there. */
const WATCH_MS = 2_000;

interface StopOptions {
  readonly keepsPostgres: boolean;
}

const [folder = "", root = ""] = process.argv.slice(2);
const home = homeOf(root, folder);
await makeHome(home);
const lock = await takeLock(home.run);
if (lock === undefined) process.exit(EXIT_LOCKED);
await runDaemon(home, root);
process.exit(0);

async function runDaemon(home: Home, root: string): Promise<void> {
  const core = await openCore(home, root);
  const running = await runServices(core);
  const token = randomBytes(32).toString("hex");
  const announce = async (stop: (options: StopOptions) => void) => {
    const control = await serveControl(running, await core.context.ports.reserve("control"), token, stop);
    const [identity, program] = [await ownIdentity(), await programFingerprint()];
    await writeNotice(home.run, { ...identity, port: control.port, token, program });
  };
  const stopped = new Promise<StopOptions>((stop) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.once(signal, () => stop({ keepsPostgres: false }));
    void announce(stop)
      .then(() => watchHome(home))
      .then(() => stop({ keepsPostgres: false }));
  });
  await running.stop(await stopped);
  await removeNotice(home.run);
  if (await isGone(home)) await fs.rm(home.postgres, { recursive: true, force: true });
}

/** Resolves when the home has been deleted under us: nobody could find or stop this process any more. */
async function watchHome(home: Home): Promise<void> {
  while ((await readNotice(home.run)) !== undefined) await pause(WATCH_MS, undefined, { ref: false });
}

async function isGone(home: Home): Promise<boolean> {
  try {
    await fs.access(home.folder);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}
