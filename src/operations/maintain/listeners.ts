import { loadListeners, tellListeners } from "../../listeners/index.ts";
import { type ListenerCall, readClock, readDueCalls } from "../../registry/index.ts";
import type { OperationContext } from "../context.ts";
import type { DueWork, MaintenanceTask } from "./task.ts";

/** Listeners that failed, or that a run was cut off before: told again when their time has come. */
export const listeners: MaintenanceTask = {
  name: "listeners",
  isTenantHeld: true,
  due: async (context) => {
    const calls = await readDue(context);
    const tenants = new Map(calls.map(({ tenantId, slug }) => [tenantId, slug]));
    return [...tenants].map(([tenantId, slug]): DueWork => {
      const own = calls.filter((call) => call.tenantId === tenantId);
      const words = own.map(({ listener, event }) => `${listener} ${event}`).join(", ");
      return { slug, words, run: () => tellAgain(context, slug, tenantId) };
    });
  },
};

async function readDue({ access }: OperationContext): Promise<readonly ListenerCall[]> {
  return access.withMaster(async (client) => readDueCalls(client, await readClock(client)));
}

async function tellAgain(
  context: OperationContext,
  slug: string,
  tenantId: string,
): Promise<string | undefined> {
  const calls = (await readDue(context)).filter((call) => call.tenantId === tenantId);
  if (calls.length === 0) return undefined;
  context.point("maintain:listeners:begun");
  const { root, signal, access } = context;
  const { withMaster } = access;
  const tell = async (line: string) => context.note(`${slug}: ${line}`);
  const declarations = await loadListeners(root);
  const told = await tellListeners(calls, { root, declarations, signal, withMaster, log: tell, warn: tell });
  return `${told.told} told, ${told.failed} failed again`;
}
