import { autoName } from "../rpc/autoName.ts";
import { InitFailedError } from "../rpc/initFailed.ts";
import type {
  CheckCall,
  Checked,
  CreateCall,
  Failure,
  Found,
  ReadCall,
  ResourceType,
  UpdateCall,
} from "../rpc/plugin.ts";
import { diffInputs } from "../rpc/propertyDiff.ts";
import { Turns } from "../rpc/turns.ts";
import { hasUnknown, UNKNOWN, type Value, type ValueMap } from "../rpc/values.ts";
import { type ArmAccess, deleteDocument, getDocument, getSettled, putDocument } from "./armClient.ts";
import { refusedShapes } from "./armShapes.ts";
import {
  inputNames,
  inputsOfId,
  outputNames,
  outputsOf,
  requestBody,
  resourceId,
  writablePart,
} from "./azureShape.ts";
import type { AzureType } from "./azureTypeTable.ts";
import { carryChanges } from "./refresh.ts";

/** Configuration of one azure-native provider instance. */
export interface AzureConfig {
  readonly access: ArmAccess;
  readonly subscriptionId: string;
  /** Default location; otherwise the resource group's. */
  readonly location: string | undefined;
}

/** The inputs' own word that the name was random, so that a replacement may be created first. */
const CREATE_FIRST = "__createBeforeDelete";

/** By id, whatever its case. */
const turns = new Turns();

/** One azure-native type against the local Resource Manager. */
export function azureResource(type: AzureType): ResourceType<AzureConfig> {
  const replacing = new Set(["resourceGroupName", ...type.path, ...type.forceNew]);
  return {
    check: (config, call) => check(type, config, call),
    diff: (_config, { oldInputs, news }) => ({
      changes: diffInputs(oldInputs, news, {
        isReplace: (path) => replacing.has(path),
        isSame: isSameLocation,
      }),
      deleteBeforeReplace: oldInputs[CREATE_FIRST] !== true,
    }),
    create: (config, call) => create(type, config, call),
    read: (config, call) => turns.take(call.id.toLowerCase(), () => read(type, config, call)),
    update: (config, call) => update(type, config, call),
    delete: ({ access }, { id }) =>
      turns.take(id.toLowerCase(), () => deleteDocument(access, id, type.apiVersion)),
  };
}

async function check(
  type: AzureType,
  config: AzureConfig,
  { olds, news, naming }: CheckCall,
): Promise<Checked> {
  const own = type.path.at(-1) ?? "";
  const named =
    news[own] === undefined ? autoName(naming, olds[own], olds[CREATE_FIRST] === true) : undefined;
  const location =
    type.envelope.includes("location") && news.location === undefined
      ? await defaultLocation(config, olds, news)
      : undefined;
  const inputs: ValueMap = {
    ...news,
    ...(named === undefined
      ? {}
      : { [own]: named.name, ...(named.isRandom ? { [CREATE_FIRST]: true } : {}) }),
    ...(location === undefined ? {} : { location }),
    azureApiVersion: news.azureApiVersion ?? type.apiVersion,
  };
  return { inputs, failures: refuse(type, inputs) };
}

function refuse(type: AzureType, inputs: ValueMap): readonly Failure[] {
  const known = [...inputNames(type), "azureApiVersion", CREATE_FIRST];
  const strange = Object.keys(inputs).filter((name) => !known.includes(name));
  const recordType = type.armType.includes("{recordType}") ? ["recordType"] : [];
  const nested = type.properties === "nested" ? ["properties"] : [];
  const location = type.envelope.includes("location") ? ["location"] : [];
  const named = ["resourceGroupName", ...type.path, ...recordType];
  const required = [...named, ...nested, ...location, ...(type.required ?? [])];
  const missing = required.filter((name) => inputs[name] === undefined);
  const version = inputs.azureApiVersion;
  return [
    ...refusedShapes(type, inputs),
    ...strange.map((property) => ({
      property,
      reason: `the local cloud does not support '${property}' of ${type.token}`,
    })),
    ...missing.map((property) => ({ property, reason: `missing required property '${property}'` })),
    ...(version === type.apiVersion
      ? []
      : [
          {
            property: "azureApiVersion",
            reason: `the local cloud has only '${type.apiVersion}'; got '${String(version)}'`,
          },
        ]),
  ];
}

/** As the official plugin: the old one, the provider's, then the resource group's. */
async function defaultLocation(
  config: AzureConfig,
  olds: ValueMap,
  news: ValueMap,
): Promise<Value | undefined> {
  if (olds.location !== undefined) return olds.location;
  if (config.location !== undefined) return config.location;
  const group = news.resourceGroupName;
  if (hasUnknown(group)) return UNKNOWN;
  if (typeof group !== "string") return undefined;
  const id = `/subscriptions/${config.subscriptionId}/resourceGroups/${group}`;
  const found = await getDocument(config.access, id, "2024-03-01");
  return found?.location as Value | undefined;
}

/** Locations are the same whatever their case and spaces. */
function isSameLocation(path: string, old: Value | undefined, now: Value | undefined): boolean {
  return (
    path === "location" && typeof old === "string" && typeof now === "string" && plain(old) === plain(now)
  );
}

function plain(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}

async function create(type: AzureType, config: AzureConfig, { news, isPreview }: CreateCall) {
  if (isPreview) return { id: "", outputs: previewOutputs(type, news) };
  const id = resourceId(type, config.subscriptionId, news);
  return turns.take(id.toLowerCase(), async () => {
    const found = await getDocument(config.access, id, type.apiVersion);
    if (found !== undefined) throw new Error(`cannot create already existing resource '${id}'`);
    return write(type, config, id, news);
  });
}

async function update(
  type: AzureType,
  config: AzureConfig,
  { id, news, olds, isPreview }: UpdateCall,
): Promise<ValueMap> {
  if (!isPreview) {
    return (await turns.take(id.toLowerCase(), () => write(type, config, id, news))).outputs;
  }
  const stable = Object.fromEntries(
    ["name", "location"].flatMap((name) => (olds[name] === undefined ? [] : [[name, olds[name]]])),
  );
  return { ...previewOutputs(type, news), ...stable } as ValueMap;
}

async function write(type: AzureType, { access }: AzureConfig, id: string, news: ValueMap) {
  const { document: written, failure } = await putDocument(
    access,
    id,
    type.apiVersion,
    requestBody(type, news),
  );
  const canonicalId = String(written.id);
  const document = await getDocument(access, canonicalId, type.apiVersion);
  if (document === undefined)
    throw failure ?? new Error(`'${canonicalId}' is gone right after it was written`);
  const made = { id: canonicalId, outputs: outputsOf(type, document) };
  if (failure !== undefined) throw new InitFailedError(failure.message, { ...made, inputs: news });
  return made;
}

/** Inputs where outputs have the same name, everything else unknown. */
function previewOutputs(type: AzureType, inputs: ValueMap): ValueMap {
  return Object.fromEntries(outputNames(type).map((name) => [name, inputs[name] ?? UNKNOWN]));
}

async function read(
  type: AzureType,
  { access }: AzureConfig,
  { id, oldInputs, olds }: ReadCall,
): Promise<Found | undefined> {
  const document = await getSettled(access, id, type.apiVersion);
  if (document === undefined) return undefined;
  const outputs = outputsOf(type, document);
  const now = writablePart(type, outputs);
  const inputs =
    oldInputs === undefined
      ? { ...now, ...inputsOfId(type, String(document.id)), azureApiVersion: type.apiVersion }
      : carryChanges(oldInputs, writablePart(type, olds), now);
  return { id: String(document.id), outputs, inputs };
}
