import type { ProviderConfig } from "../tenant/resources.ts";
import { read, typeOfToken } from "./calls.ts";
import { Connection, sharedCredentials } from "./connection.ts";
import type { Properties } from "./protocol/wire.ts";

/** A resource that exists and bears our marker: what an import needs. */
export interface ReadableResource {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/**
 * Asks whether the resource of an interrupted create is there and ours; undefined when it isn't, so that the pending
 * operation can be cleared and the create run again. `type` is the token; `id` may be empty, as a create that was cut
 * off had none: ids are deterministic. `inputs` are plain values.
 */
export async function readById(
  type: string,
  id: string,
  inputs: Properties,
  config: ProviderConfig,
): Promise<ReadableResource | undefined> {
  const resourceType = typeOfToken(type);
  const connection = new Connection(sharedCredentials(), {});
  connection.configure(config);
  const realId = id === "" ? resourceType.idOf(inputs, config) : id;
  const found = await read({ type: resourceType, urn: "", connection }, { id: realId, inputs, outputs: {} });
  return found === undefined
    ? undefined
    : { id: realId, inputs: found.inputs as Properties, outputs: found.outputs as Properties };
}
