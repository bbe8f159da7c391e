import { openShared } from "../access/index.ts";
import { readPhases, readRecord } from "../registry/index.ts";
import type { ProviderConfig } from "../tenant/resources.ts";
import { diffInputs, read, typeOfToken } from "./calls.ts";
import { Connection } from "./connection.ts";
import type { Properties } from "./protocol/wire.ts";
import type { AnyResourceType, Observed } from "./resource.ts";
import { PLATFORM_SLUG } from "./secretOwnership.ts";

/** A resource that exists whole and bears our marker: what an import needs. */
export interface ReadableResource {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/**
 * Asks whether an interrupted create was done; undefined when nothing or only a part of it was, so that the pending
 * operation can be cleared and the create run again: it adopts what bears our marker. `type` is the token; `id` may be
 * empty, as a create that was cut off had none: ids are deterministic. `inputs` are plain values.
 */
export async function readById(
  type: string,
  id: string,
  inputs: Properties,
  config: ProviderConfig,
): Promise<ReadableResource | undefined> {
  const resourceType = typeOfToken(type);
  const shared = openShared();
  const connection = new Connection(shared, {});
  connection.configure(config);
  const realId = id === "" ? resourceType.idOf(inputs, config) : id;
  const call = { type: resourceType, urn: "", connection };
  try {
    const found = await read(call, { id: realId, inputs, outputs: {} });
    if (found === undefined || !(await isWhole(resourceType, inputs, found, connection))) return undefined;
    return { id: realId, inputs: found.inputs, outputs: found.outputs };
  } finally {
    await shared.pool.release();
  }
}

/** Imported, half a create would pass for a whole one for ever: no later plan would show a difference. */
async function isWhole(
  type: AnyResourceType,
  inputs: Properties,
  found: Observed<Properties, Properties>,
  connection: Connection,
): Promise<boolean> {
  if (diffInputs(type, found.inputs, inputs).length > 0) return false;
  const { phase } = type;
  const { slug, stack } = inputs;
  const isPlain = phase === undefined && type.isFinished === undefined;
  if (isPlain || slug === PLATFORM_SLUG) return true;
  if (typeof slug !== "string" || typeof stack !== "string") return false;
  const run = connection.run({ urn: "", typeName: type.name, stack, isPreview: false });
  if (type.isFinished !== undefined && !(await type.isFinished(found.inputs, run))) return false;
  if (phase === undefined) return true;
  return run.access.withMaster(async (client) => {
    const record = await readRecord(client, slug);
    return record !== undefined && (await readPhases(client, record.id)).some((row) => row.phase === phase);
  });
}
