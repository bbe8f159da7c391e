import { dropDatabase, workDatabaseNames } from "../../postgres/index.ts";
import { forgetDatabase, type KeptDatabase, listExpiredDatabases } from "../../registry/index.ts";
import type { OperationContext } from "../context.ts";
import type { MaintenanceTask } from "./task.ts";

/** Databases that a restore put aside, a week later. One that is gone already is done. */
export const keptDatabases: MaintenanceTask = {
  name: "databases",
  isTenantHeld: true,
  due: async (context) => {
    const kept = await context.access.withMaster(listExpiredDatabases);
    return kept.map((database) => ({
      slug: database.slug,
      words: `drop database '${database.name}', which a restore put aside`,
      run: () => drop(context, database),
    }));
  },
};

/** Only what has the name that a tenant's id gives, or nothing. */
async function drop(context: OperationContext, kept: KeptDatabase): Promise<string | undefined> {
  const { access } = context;
  const { tenantId, server, name } = kept;
  const expired = await access.withMaster(listExpiredDatabases);
  if (!expired.some((other) => other.server === server && other.name === name)) return undefined;
  if (workDatabaseNames(tenantId).includes(name))
    await access.withAdmin(server, ({ client }) => dropDatabase(client, name));
  context.point("maintain:databases:dropped");
  await access.withMaster((client) => forgetDatabase(client, kept));
  return `database '${name}' dropped`;
}
