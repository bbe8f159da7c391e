import { placeTenant, previewPlacement, readServer, type ServerRow } from "../../registry/index.ts";
import { InternalError, UserError } from "../../tenant/errors.ts";
import { moveRefusal, regionMoveRefusal } from "../../tenant/refusedChanges.ts";
import type { PlacementInputs, PlacementOutputs } from "../../tenant/resources.ts";
import { explain, messageOf } from "../failure.ts";
import { isUnreachable } from "../functions.ts";
import { markPhase } from "../phases.ts";
import { isKnown, UNKNOWN } from "../protocol/wire.ts";
import { readOwnRecord } from "../records.ts";
import type { Known, Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** The server a tenant lives on. Sticky; a changed server would be a move, which is not built yet. */
export const placement: ResourceType<PlacementInputs, PlacementOutputs> = {
  name: "Placement",
  phase: "placement_resolved",
  immutable: ["slug", "stack"],
  idOf: ({ stack }) => `${stack}/placement`,
  predict,
  create: async (inputs, run) => {
    const { server, tenantId } = await run.access.withMaster(async (client) => {
      const record = await requireOwnRecord(client, inputs);
      return { tenantId: record.id, ...(await placeTenant(client, record.id, inputs)) };
    });
    run.point("placed");
    await markPhase(run, tenantId, "placement_resolved");
    return outputsOf(inputs, server);
  },
  update: async ({ outputs }, news, run) => {
    const server = await run.access.withMaster((client) => readServer(client, outputs.serverName));
    return stay(news, outputs, server);
  },
  read: async ({ inputs }, run) => {
    const wanted = inputs as PlacementInputs;
    return run.access.withMaster(async (client) => {
      const record = await readOwnRecord(client, wanted);
      if (record === undefined || record.server === null) return undefined;
      const server = await readServer(client, record.server);
      if (server === undefined) return undefined;
      const real = {
        ...wanted,
        server: realServer(wanted.server, server),
        region: realRegion(wanted.region, server),
      };
      return { inputs: real, outputs: outputsOf(real, server) };
    });
  },
  // The record gives the place back, after it has looked at the server for the last time.
  delete: async () => undefined,
};

/** Decided against master's rows with the read-only role; unknown where master can't be asked. */
async function predict(
  news: Previewed<PlacementInputs>,
  known: Known<PlacementInputs, PlacementOutputs> | undefined,
  run: Run,
): Promise<Previewed<PlacementOutputs>> {
  const inputs = news as PlacementInputs;
  if (!isKnown(news)) return { ...news, serverName: UNKNOWN, host: UNKNOWN, port: UNKNOWN };
  try {
    return await run.access.withMasterReader(async (client) => {
      if (known === undefined) return outputsOf(inputs, await previewPlacement(client, inputs.slug, inputs));
      return stay(inputs, known.outputs, await readServer(client, known.outputs.serverName));
    });
  } catch (error) {
    const told = explain(error);
    if (!isUnreachable(told)) throw told;
    await run.warn(`master can't be asked, so the server is decided at apply: ${messageOf(told)}`);
    if (known !== undefined) return stay(inputs, known.outputs, undefined);
    return { ...inputs, serverName: UNKNOWN, host: UNKNOWN, port: UNKNOWN };
  }
}

/** The place of a tenant that has one. Throws `E_NOT_SUPPORTED` when the entry wants another. */
function stay(
  news: PlacementInputs,
  { serverName, host, port }: PlacementOutputs,
  row: ServerRow | undefined,
): PlacementOutputs {
  if (news.server !== "auto" && news.server !== serverName) {
    throw new UserError("E_NOT_SUPPORTED", `Tenant '${news.slug}': ${moveRefusal(serverName, news.server)}`);
  }
  if (news.region !== "any" && row !== undefined && row.region !== news.region) {
    const words = regionMoveRefusal(serverName, row.region, news.region);
    throw new UserError("E_NOT_SUPPORTED", `Tenant '${news.slug}': ${words}`);
  }
  return { ...news, serverName, host: row?.host ?? host, port: row?.port ?? port };
}

async function requireOwnRecord(client: Parameters<typeof readOwnRecord>[0], inputs: PlacementInputs) {
  const record = await readOwnRecord(client, inputs);
  if (record !== undefined) return record;
  throw new InternalError(`tenant '${inputs.slug}' is placed before its record is reserved.`);
}

function outputsOf(inputs: PlacementInputs, { name, host, port }: ServerRow): PlacementOutputs {
  return { ...inputs, serverName: name, host, port };
}

function realServer(wanted: string, server: ServerRow): string {
  return wanted === "auto" ? wanted : server.name;
}

function realRegion(wanted: string, server: ServerRow): string {
  return wanted === "any" ? wanted : server.region;
}
