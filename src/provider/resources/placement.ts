import { openMove, placeTenant, previewPlacement, readServer, type ServerRow } from "../../registry/index.ts";
import { InternalError } from "../../tenant/errors.ts";
import type { PlacementInputs, PlacementOutputs } from "../../tenant/resources.ts";
import { explain, messageOf } from "../failure.ts";
import { isUnreachable } from "../functions.ts";
import { moveTenant } from "../move.ts";
import { markPhase } from "../phases.ts";
import { isKnown, UNKNOWN } from "../protocol/wire.ts";
import { readOwnRecord } from "../records.ts";
import type { Known, Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** The server a tenant lives on. Sticky; an update whose inputs want another server is the tenant's move. */
export const placement: ResourceType<PlacementInputs, PlacementOutputs> = {
  name: "Placement",
  phase: "placement_resolved",
  immutable: ["slug", "stack"],
  ignored: ["migrations"],
  idOf: ({ stack }) => `${stack}/placement`,
  predict,
  create: async (inputs, run) => {
    const { tenantId, placed } = await run.access.withMaster(async (client) => {
      const record = await requireOwnRecord(client, inputs);
      return { tenantId: record.id, placed: await placeTenant(client, record.id, inputs) };
    });
    run.point("placed");
    const server = placed.isNew ? placed.server : await bringThere(inputs, run);
    await markPhase(run, tenantId, "placement_resolved");
    return outputsOf(inputs, server);
  },
  update: async (_, news, run) => outputsOf(news, await bringThere(news, run)),
  read: async ({ inputs }, run) => {
    const wanted = inputs as PlacementInputs;
    return run.access.withMaster(async (client) => {
      const record = await readOwnRecord(client, wanted);
      if (record === undefined || record.server === null) return undefined;
      const server = await readServer(client, record.server);
      if (server === undefined) return undefined;
      const move = await openMove(client, record.id);
      const real = {
        ...wanted,
        // Half of a move is a difference to whatever the entry says, and an update brings it to an end.
        server: move === undefined ? realServer(wanted.server, server) : `${server.name} (moving)`,
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
      return outputsOf(inputs, await previewPlacement(client, inputs.slug, inputs));
    });
  } catch (error) {
    const told = explain(error);
    if (!isUnreachable(told)) throw told;
    await run.warn(`master can't be asked, so the server is decided at apply: ${messageOf(told)}`);
    if (known !== undefined && isSamePlace(inputs, known)) return { ...known.outputs, ...inputs };
    return { ...inputs, serverName: UNKNOWN, host: UNKNOWN, port: UNKNOWN };
  }
}

/** The server that holds the tenant now, after a move where the inputs want another. */
async function bringThere(inputs: PlacementInputs, run: Run): Promise<ServerRow> {
  const record = await run.access.withMaster((client) => requireOwnRecord(client, inputs));
  const name = await moveTenant(record, inputs, inputs.migrations, run);
  const server = await run.access.withMaster((client) => readServer(client, name));
  if (server === undefined) throw new InternalError(`server '${name}' of '${inputs.slug}' has no row`);
  return server;
}

function isSamePlace(
  { server, region }: PlacementInputs,
  { inputs }: Known<PlacementInputs, PlacementOutputs>,
): boolean {
  return server === inputs.server && region === inputs.region;
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
