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
    const { tenantCount: _, ...real } = row;
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
  return inputs;
}
