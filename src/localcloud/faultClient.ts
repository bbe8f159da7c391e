import { askDaemon, findDaemon } from "./daemonClient.ts";
import type { FaultOrder, FaultReport } from "./faults/index.ts";
import type { Home } from "./home.ts";
import { LocalCloudError } from "./localCloudError.ts";

/** Sets a fault in the daemon that runs. */
export async function addFault(home: Home, order: FaultOrder): Promise<FaultReport> {
  const path = `/faults?order=${encodeURIComponent(JSON.stringify(order))}`;
  const report = await ask<FaultReport>(home, "POST", path);
  if (report !== undefined) return report;
  throw new LocalCloudError("E_UNREACHABLE", "The local cloud was stopped while the fault was set.");
}

export async function listFaults(home: Home): Promise<readonly FaultReport[]> {
  return (await ask<readonly FaultReport[]>(home, "GET", "/faults")) ?? [];
}

export async function clearFaults(home: Home, id: string | undefined): Promise<readonly FaultReport[]> {
  const query = id === undefined ? "" : `?id=${encodeURIComponent(id)}`;
  return (await ask<readonly FaultReport[]>(home, "POST", `/faults/clear${query}`)) ?? [];
}

/** Undefined where nothing runs. */
async function ask<Answer>(home: Home, method: "GET" | "POST", path: string): Promise<Answer | undefined> {
  const daemon = await findDaemon(home);
  return daemon === undefined ? undefined : askDaemon<Answer>(daemon, method, path);
}
