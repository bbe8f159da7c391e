import type { DaemonStatus, LocalCloudStatus } from "./daemon/localCloudStatus.ts";
import { askDaemon, findDaemon } from "./daemonClient.ts";
import { diskUse } from "./diskUse.ts";
import type { Home } from "./home.ts";
import { findServers } from "./leftovers.ts";
import { type MemoryUse, memoryUse } from "./memoryUse.ts";
import { readStore } from "./store.ts";

/** What runs and what is stored, with a daemon or without. Starts nothing. Throws `E_STATE` for a damaged store. */
export async function findStatus(home: Home): Promise<LocalCloudStatus> {
  const found = (await askStatus(home)) ?? (await statusWithoutDaemon(home));
  const [store, memory, disk] = await Promise.all([readStore(home.state), memoryOf(found), diskUse(home)]);
  const stored = store.counts();
  const vaults = store
    .list<{ readonly isServed: boolean }>("vaults")
    .filter(({ doc }) => doc.isServed)
    .map(({ id: name }) => ({
      name,
      port: store.get<number>("ports", `vault:${name}`) ?? 0,
      secrets: stored[`vault:${name}`] ?? 0,
    }));
  return { ...found, stored, vaults, memory, disk };
}

async function askStatus(home: Home): Promise<DaemonStatus | undefined> {
  const daemon = await findDaemon(home);
  return daemon === undefined ? undefined : askDaemon<DaemonStatus>(daemon, "GET", "/status");
}

async function statusWithoutDaemon(home: Home): Promise<DaemonStatus> {
  const postgres = (await findServers(home)).map(({ name, pid, port }) => ({ name, pid, port }));
  return { isRunning: false, home: home.folder, ports: {}, postgres };
}

async function memoryOf({ pid, postgres }: DaemonStatus): Promise<LocalCloudStatus["memory"]> {
  const uses = await memoryUse([...(pid === undefined ? [] : [pid]), ...postgres.map((each) => each.pid)]);
  const useOf = (process: number): MemoryUse => uses.get(process) ?? { bytes: 0, processes: 0 };
  const servers = Object.fromEntries(postgres.map((each) => [each.name, useOf(each.pid)]));
  return { ...(pid === undefined ? {} : { daemon: useOf(pid) }), postgres: servers };
}
