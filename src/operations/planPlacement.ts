import {
  type Levelling,
  listRecords,
  listServers,
  type PlacedTenant,
  planLevelling,
} from "../registry/index.ts";
import { loadWorkspace } from "../tenant/load.ts";
import { reviewEnvironment } from "../tenant/select.ts";
import type { OperationContext } from "./context.ts";

/**
 * How full the servers are and the moves that would level them, from master's rows and the entries' words. Writes nothing. Only
 * tenants that are active or suspended and have an entry can be moved; the others count where they are.
 */
export async function planPlacement(context: OperationContext): Promise<Levelling> {
  const { candidates } = reviewEnvironment(loadWorkspace(context.root), context.config);
  const entryOf = new Map(candidates.map(({ tenant }) => [tenant.slug, tenant]));
  const { servers, records } = await context.access.withMaster(async (client) => ({
    servers: await listServers(client),
    records: await listRecords(client),
  }));
  const tenants = records.flatMap(({ slug, server, status }): PlacedTenant[] => {
    const entry = entryOf.get(slug);
    const isMovable = status === "active" || status === "suspended";
    if (entry === undefined || server === null || !isMovable) return [];
    return [{ slug, server, isPinned: entry.server !== "auto", region: entry.region }];
  });
  return planLevelling(servers, tenants);
}
