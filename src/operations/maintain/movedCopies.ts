import { dueMovedCopies, readRecordById } from "../../registry/index.ts";
import { dropMovedCopy } from "../movedCopies.ts";
import type { DueWork, MaintenanceTask } from "./task.ts";

/** Old copies of moved tenants whose time is over. */
export const movedCopies: MaintenanceTask = {
  name: "moved copies",
  isTenantHeld: true,
  due: async (context) =>
    context.access.withMaster(async (client) => {
      const works: DueWork[] = [];
      for (const move of await dueMovedCopies(client)) {
        const record = await readRecordById(client, move.tenantId);
        if (record === undefined) continue;
        const words = `drop the old copy on '${move.from}'`;
        const run = async () => {
          const isDropped = await dropMovedCopy(record, move, context);
          return isDropped ? `dropped the old copy on '${move.from}'` : undefined;
        };
        works.push({ slug: record.slug, words, run });
      }
      return works;
    }),
};
