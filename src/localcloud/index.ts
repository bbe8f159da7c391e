import * as fs from "node:fs/promises";
import type { LocalCloudStatus } from "./daemon/localCloudStatus.ts";
import { askDaemon, findDaemon } from "./daemonClient.ts";
import { ensureDaemon } from "./daemonLauncher.ts";
import { stopDaemon, waitUntilGone } from "./daemonStop.ts";
import type { LocalEnv } from "./environment.ts";
import { type Home, homeOf, makeHome } from "./home.ts";
import { inspectHome, type LocalCloudFacts } from "./inspect.ts";
import { stopServers } from "./leftovers.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { takeLock } from "./lock.ts";
import { findStatus } from "./status.ts";

export type { LocalCloudStatus } from "./daemon/localCloudStatus.ts";
export { bytesIn } from "./diskUse.ts";
export { environmentVariables, type LocalEnv } from "./environment.ts";
export { HOME_VARIABLE } from "./home.ts";
export type { LocalCloudFacts } from "./inspect.ts";
export { type LocalCloudCode, LocalCloudError } from "./localCloudError.ts";

/** One machine's cloud, kept in one home. Every method throws LocalCloudError for what its user can put right. */
export interface LocalCloud {
  readonly home: string;
  /** Starts what doesn't run, waits until all of it answers, and says how to reach it. */
  start(): Promise<LocalEnv>;
  /** How to reach it when it runs; undefined when it doesn't. Starts nothing. */
  env(): Promise<LocalEnv | undefined>;
  status(): Promise<LocalCloudStatus>;
  /** What a doctor can see without starting, stopping or writing anything, also of a home that is damaged. */
  inspect(): Promise<LocalCloudFacts>;
  /** Ends every process, PostgreSQL's too. What is stored stays. */
  stop(): Promise<void>;
  /** Stops, then deletes all that is stored: databases, secrets, records, certificates and Pulumi's state. */
  reset(): Promise<void>;
}

/** The local cloud of a project; `home` defaults to `TENANTRY_HOME`, else `<root>/.tenantry/local`. Starts nothing. */
export function openLocalCloud(options: { readonly root: string; readonly home?: string }): LocalCloud {
  const home = homeOf(options.root, options.home);
  return {
    home: home.folder,
    start: () => start(home, options.root),
    env: () => findEnv(home, options.root),
    status: () => findStatus(home),
    inspect: () => inspectHome(home),
    stop: () => stop(home),
    reset: () => reset(home),
  };
}

/** A daemon that is found but doesn't answer is just ending; another is started after it. */
async function start(home: Home, root: string): Promise<LocalEnv> {
  for (;;) {
    const daemon = await ensureDaemon(home, root);
    // Two questions: one that hangs is noticed soon, and PostgreSQL may still take its time to recover.
    const isThere = (await askDaemon<LocalEnv>(daemon, "GET", `/env${rootQuery(root)}`)) !== undefined;
    const env = isThere ? await askDaemon<LocalEnv>(daemon, "POST", `/start${rootQuery(root)}`) : undefined;
    if (env !== undefined) return env;
    await waitUntilGone(daemon);
  }
}

async function findEnv(home: Home, root: string): Promise<LocalEnv | undefined> {
  const daemon = await findDaemon(home);
  return daemon === undefined ? undefined : askDaemon<LocalEnv>(daemon, "GET", `/env${rootQuery(root)}`);
}

function rootQuery(root: string): string {
  return `?root=${encodeURIComponent(root)}`;
}

async function stop(home: Home): Promise<void> {
  await stopDaemon(home);
  await stopServers(home);
}

async function reset(home: Home): Promise<void> {
  await stop(home);
  await makeHome(home);
  const lock = await takeLock(home.run);
  if (lock === undefined) {
    throw new LocalCloudError(
      "E_LOCKED",
      `The local cloud in '${home.folder}' was started again while it was reset.`,
    );
  }
  try {
    await stopServers(home);
    for (const folder of [home.postgres, home.state, home.keys, home.backend, home.log]) {
      await fs.rm(folder, { recursive: true, force: true });
    }
  } finally {
    await lock.release();
  }
}
