import { isMap, type Value, type ValueMap } from "../rpc/values.ts";
import type { Document } from "./armClient.ts";
import type { AzureType } from "./azureTypeTable.ts";

/** Every input name of a type. */
export function inputNames(type: AzureType): readonly string[] {
  const properties = type.properties === "nested" ? ["properties"] : Object.keys(type.properties);
  const recordType = type.armType.includes("{recordType}") ? ["recordType"] : [];
  return [...new Set(["resourceGroupName", ...type.path, ...recordType, ...type.envelope, ...properties])];
}

/** The ARM id that inputs name. Throws while a part is unknown. */
export function resourceId(type: AzureType, subscriptionId: string, inputs: ValueMap): string {
  const part = (name: string): string => {
    const value = inputs[name];
    if (typeof value !== "string") throw new Error(`missing required property '${name}'`);
    return value;
  };
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${part("resourceGroupName")}`;
  if (type.armType === "Microsoft.Resources/resourceGroups") return group;
  const [namespace, ...segments] = type.armType.split("/");
  const pairs = segments.map((segment, index) => {
    const word = segment === "{recordType}" ? part("recordType") : segment;
    return `/${word}/${part(type.path[index] ?? "")}`;
  });
  return `${group}/providers/${namespace}${pairs.join("")}`;
}

/** Inputs that an id names: group, parents, own name and record type. */
export function inputsOfId(type: AzureType, id: string): ValueMap {
  const segments = id.split("/");
  const group = { resourceGroupName: segments[4] ?? "" };
  if (type.armType === "Microsoft.Resources/resourceGroups") return group;
  const names = type.path.map((name, index) => [name, segments[8 + 2 * index] ?? ""]);
  const recordType = type.armType.includes("{recordType}") ? { recordType: segments[9] ?? "" } : {};
  return { ...group, ...Object.fromEntries(names), ...recordType };
}

/** The body of a PUT. */
export function requestBody(type: AzureType, inputs: ValueMap): Document {
  const envelope = type.envelope.flatMap((name) =>
    inputs[name] === undefined ? [] : [[name, inputs[name]]],
  );
  return { ...Object.fromEntries(envelope), properties: requestProperties(type, inputs) };
}

function requestProperties(type: AzureType, inputs: ValueMap): unknown {
  if (type.properties === "nested") return inputs.properties ?? {};
  const present = Object.entries(type.properties).filter(([name]) => inputs[name] !== undefined);
  return Object.fromEntries(present.map(([name, wire]) => [wire, inputs[name]]));
}

/** Outputs in the SDK's shape: envelope, flattened properties, and what only Azure writes. */
export function outputsOf(type: AzureType, document: Document): ValueMap {
  const properties = (document.properties ?? {}) as ValueMap;
  const wireNames = type.properties === "nested" ? {} : type.properties;
  const flattened = Object.entries(wireNames).map(([name, wire]) => [name, properties[wire]]);
  const readOnly = type.readOnly.map((name) => [
    name,
    name === "properties" ? properties : (properties[name] ?? document[name]),
  ]);
  const kept = [...commonOutputs(type), ...type.envelope].map((name) => [name, document[name]]);
  const nested = type.properties === "nested" ? [["properties", properties]] : [];
  const all = [...kept, ...nested, ...flattened, ...readOnly, ["azureApiVersion", type.apiVersion]];
  return Object.fromEntries(all.filter(([, value]) => value !== undefined && value !== null)) as ValueMap;
}

/** Names of every output a resource of this type may have. */
export function outputNames(type: AzureType): readonly string[] {
  const properties = type.properties === "nested" ? ["properties"] : Object.keys(type.properties);
  const answered = [...type.envelope, ...properties].filter((name) => !type.writeOnly?.includes(name));
  return [...new Set(["azureApiVersion", ...commonOutputs(type), ...answered, ...type.readOnly])];
}

function commonOutputs({ hasSystemData }: AzureType): readonly string[] {
  return ["name", "type", ...(hasSystemData === false ? [] : ["systemData"])];
}

/** The part of outputs that are inputs too: what an import takes and a refresh compares. */
export function writablePart(type: AzureType, outputs: ValueMap): ValueMap {
  const properties = type.properties === "nested" ? ["properties"] : Object.keys(type.properties);
  const names = [...type.envelope, ...properties];
  const present = Object.entries(outputs).filter(([name]) => names.includes(name));
  return (type.readOnlyInside ?? []).reduce(
    (values, path) => without(values, path.split(".")) as ValueMap,
    Object.fromEntries(present) as ValueMap,
  );
}

function without(value: Value | undefined, [step = "", ...rest]: readonly string[]): Value | undefined {
  if (!isMap(value)) return value;
  const isList = step.endsWith("[]");
  const key = isList ? step.slice(0, -2) : step;
  const inner = value[key];
  if (inner === undefined) return value;
  const { [key]: _dropped, ...others } = value;
  if (rest.length === 0) return others;
  const items = Array.isArray(inner) ? (inner as readonly Value[]) : [];
  const replaced = isList ? items.map((item) => without(item, rest) ?? null) : (without(inner, rest) ?? null);
  return { ...value, [key]: replaced };
}
