import { InternalError } from "../tenant/errors.ts";
import type { Connection } from "./connection.ts";
import { explain } from "./failure.ts";
import { type Difference, differences } from "./protocol/difference.ts";
import { isKnown, type Properties } from "./protocol/wire.ts";
import { recordContentFailure } from "./recordFailure.ts";
import { refuseImmutable } from "./refusals.ts";
import type { AnyResourceType, Known, Observed, Refusal } from "./resource.ts";
import { RESOURCE_TYPES } from "./resourceTypes.ts";
import type { Run } from "./run.ts";

/** Namespace of our resources' type tokens: `tenantry:index:<Name>`. */
const TOKEN_PREFIX = "tenantry:index:";

/** One call on one resource, as the protocol names it. */
export interface ResourceCall {
  readonly type: AnyResourceType;
  readonly urn: string;
  readonly connection: Connection;
}

/** The resource type that a URN names. Throws InternalError for a type that isn't ours. */
export function typeOfUrn(urn: string): AnyResourceType {
  return typeOfToken((urn.split("::")[2] ?? "").split("$").at(-1) ?? "");
}

/** The same by token, `tenantry:index:Database`. */
export function typeOfToken(token: string): AnyResourceType {
  const type = token.startsWith(TOKEN_PREFIX) ? RESOURCE_TYPES[token.slice(TOKEN_PREFIX.length)] : undefined;
  if (type === undefined) throw new InternalError(`provider tenantry has no resource type '${token}'.`);
  return type;
}

/** Refused properties; nothing is touched. */
export function checkInputs(type: AnyResourceType, news: Properties, olds: Properties): readonly Refusal[] {
  const before = Object.keys(olds).length === 0 ? undefined : olds;
  return [...(type.check?.(news, before) ?? []), ...refuseImmutable(type, news, before)];
}

/** What differs between the inputs in state and the program's. Pure. */
export function diffInputs(type: AnyResourceType, olds: Properties, news: Properties): readonly Difference[] {
  return differences(olds, news, type.ignored);
}

/** Creates, or in a preview predicts; answers id (empty in a preview) and outputs. */
export async function create(
  call: ResourceCall,
  inputs: Properties,
  isPreview: boolean,
): Promise<{ id: string; outputs: Properties }> {
  const run = startRun(call, inputs, isPreview);
  if (isPreview)
    return { id: "", outputs: await told(run, inputs, () => call.type.predict(inputs, undefined, run)) };
  assertKnown(call, inputs);
  const outputs = await told(run, inputs, () => call.type.create(inputs, run));
  return { id: call.type.idOf(inputs, run.config), outputs };
}

export async function update(
  call: ResourceCall,
  known: Known<Properties, Properties>,
  news: Properties,
  isPreview: boolean,
): Promise<Properties> {
  const run = startRun(call, news, isPreview);
  if (isPreview) return told(run, news, () => call.type.predict(news, known, run));
  assertKnown(call, news);
  return told(run, news, () => call.type.update(known, news, run));
}

export async function read(
  call: ResourceCall,
  known: Known<Properties, Properties>,
): Promise<Observed<Properties, Properties> | undefined> {
  const run = startRun(call, { ...known.outputs, ...known.inputs }, false);
  return explained(() => call.type.read(known, run));
}

export async function remove(call: ResourceCall, known: Known<Properties, Properties>): Promise<void> {
  const run = startRun(call, { ...known.outputs, ...known.inputs }, false);
  await explained(() => call.type.delete(known, run));
}

function startRun({ connection, type, urn }: ResourceCall, properties: Properties, isPreview: boolean): Run {
  const stack = typeof properties.stack === "string" ? properties.stack : "";
  return connection.run({ urn, typeName: type.name, stack, isPreview });
}

function assertKnown({ urn }: ResourceCall, inputs: Properties): void {
  if (!isKnown(inputs)) throw new InternalError(`'${urn}': an input is unknown outside a preview.`);
}

/** Runs a create or update; a failure that the tenant's content causes is written into its record first. */
async function told<T>(run: Run, inputs: Properties, body: () => Promise<T>): Promise<T> {
  try {
    return await explained(body);
  } catch (error) {
    if (!run.isPreview) await recordContentFailure(error, inputs, run);
    throw error;
  }
}

async function explained<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw explain(error);
  }
}
