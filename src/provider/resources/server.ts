import { admitAdmin, closeToPublic, observeDatabase, parsePostgresUrl } from "../../postgres/index.ts";
import { readServer, removeServer, upsertServer } from "../../registry/index.ts";
import type { ServerInputs, ServerOutputs } from "../../tenant/resources.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** One row of `identity.db_server`. */
export const server: ResourceType<ServerInputs, ServerOutputs> = {
  name: "Server",
  immutable: ["name"],
  idOf: ({ name }, config) => `${config.environment}/server/${name}`,
  predict: async (news) => news,
  create: writeRow,
  update: (_, news, run) => writeRow(news, run),
  read: async ({ inputs }, run) => {
    const name = inputs.name ?? "";
    const row = await run.access.withMaster((client) => readServer(client, name));
    if (row === undefined) return undefined;
    const { tenantCount: _, adminRotation, ...rest } = row;
    const real = { ...rest, ...(adminRotation === 0 ? {} : { adminRotation }) };
    return { inputs: real, outputs: real };
  },
  delete: async ({ outputs }, run) => {
    await run.access.withMaster((client) => removeServer(client, outputs.name));
    run.point("removed");
  },
};

async function writeRow(inputs: ServerInputs, run: Run): Promise<ServerOutputs> {
  await run.access.withMaster((client) => upsertServer(client, inputs));
  run.point("written");
  await closeMaintenance(inputs.name, run);
  run.point("closed");
  return inputs;
}

/** The database that the admin's URL names is open to every role of a new server: tenants have no business there (F19). */
async function closeMaintenance(name: string, run: Run): Promise<void> {
  await run.access.withAdmin(name, async ({ client, url }) => {
    const { database } = parsePostgresUrl(url);
    if ((await observeDatabase(client, database))?.isOpenToPublic !== true) return;
    await admitAdmin(client, database);
    await closeToPublic(client, database);
  });
}
