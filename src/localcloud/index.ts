import * as fs from "node:fs/promises";
import type { LocalCloudStatus } from "./daemon/localCloudStatus.ts";
import { askDaemon, findDaemon } from "./daemonClient.ts";
import { ensureDaemon } from "./daemonLauncher.ts";
import { stopDaemon, waitUntilGone } from "./daemonStop.ts";
import type { LocalEnv } from "./environment.ts";
import { addFault, clearFaults, listFaults } from "./faultClient.ts";
import type { FaultOrder, FaultReport } from "./faults/index.ts";
import { type Home, homeOf, makeHome } from "./home.ts";
import { inspectHome, type LocalCloudFacts } from "./inspect.ts";
import { stopServers } from "./leftovers.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { takeLock } from "./lock.ts";
import { IDENTITY_VARIABLE, type IdentityName, identityNamed } from "./roles/identities.ts";
import { findStatus } from "./status.ts";

export type { LocalCloudStatus } from "./daemon/localCloudStatus.ts";
export { bytesIn } from "./diskUse.ts";
export { environmentVariables, type LocalEnv } from "./environment.ts";
export type { FaultOrder, FaultReport } from "./faults/index.ts";
export { HOME_VARIABLE } from "./home.ts";
export type { LocalCloudFacts } from "./inspect.ts";
export { type LocalCloudCode, LocalCloudError } from "./localCloudError.ts";
export type { IdentityName } from "./roles/identities.ts";

/** One machine's cloud, kept in one home. Every method throws LocalCloudError for what its user can put right. */
export interface LocalCloud {
  readonly home: string;
  /** Starts what doesn't run, waits until all of it answers, and says how to reach it. */
  start(): Promise<LocalEnv>;
  /** How to reach it when it runs; undefined when it doesn't. Starts nothing. */
  env(): Promise<LocalEnv | undefined>;
  status(): Promise<LocalCloudStatus>;
  /** Sets a fault; starts what doesn't run. Throws `E_NOT_SUPPORTED` for what isn't built. */
  addFault(order: FaultOrder): Promise<FaultReport>;
  /** The faults that are set; none when nothing runs, because no fault survives a restart. */
  faults(): Promise<readonly FaultReport[]>;
  /** Clears one, or all; answers what was cleared. */
  clearFaults(id?: string): Promise<readonly FaultReport[]>;
  /** What a doctor can see without starting, stopping or writing anything, also of a home that is damaged. */
  inspect(): Promise<LocalCloudFacts>;
  /** Ends every process, PostgreSQL's too. What is stored stays. */
  stop(): Promise<void>;
  /** Stops, then deletes all that is stored: databases, secrets, records, certificates and Pulumi's state. */
  reset(): Promise<void>;
}

/** Which local cloud, and as whom. */
export interface LocalCloudOptions {
  /** The project's root. */
  readonly root: string;
  /** Default `TENANTRY_HOME`, else `<root>/.tenantry/local`. */
  readonly home?: string;
  /** Whose environment `start` and `env` answer; default `TENANTRY_LOCAL_IDENTITY`, else `owner`. */
  readonly identity?: string;
}

/** The local cloud of a project. Starts nothing. Throws `E_NOT_SUPPORTED` for an identity that it doesn't have. */
export function openLocalCloud(options: LocalCloudOptions): LocalCloud {
  const home = homeOf(options.root, options.home);
  const identity = identityNamed(options.identity ?? process.env[IDENTITY_VARIABLE]);
  const query = queryOf(options.root, identity);
  return {
    home: home.folder,
    start: () => start(home, options.root, query),
    env: () => findEnv(home, query),
    status: () => findStatus(home),
    addFault: async (order) => {
      await start(home, options.root, query);
      return addFault(home, order);
    },
    faults: () => listFaults(home),
    clearFaults: (id) => clearFaults(home, id),
    inspect: () => inspectHome(home),
    stop: () => stop(home),
    reset: () => reset(home),
  };
}

/** A daemon that is found but doesn't answer is just ending; another is started after it. */
async function start(home: Home, root: string, query: string): Promise<LocalEnv> {
  for (;;) {
    const daemon = await ensureDaemon(home, root);
    // Two questions: one that hangs is noticed soon, and PostgreSQL may still take its time to recover.
    const isThere = (await askDaemon<LocalEnv>(daemon, "GET", `/env${query}`)) !== undefined;
    const env = isThere ? await askDaemon<LocalEnv>(daemon, "POST", `/start${query}`) : undefined;
    if (env !== undefined) return env;
    await waitUntilGone(daemon);
  }
}

async function findEnv(home: Home, query: string): Promise<LocalEnv | undefined> {
  const daemon = await findDaemon(home);
  return daemon === undefined ? undefined : askDaemon<LocalEnv>(daemon, "GET", `/env${query}`);
}

function queryOf(root: string, identity: IdentityName): string {
  return `?${new URLSearchParams({ root, identity })}`;
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
