import { ArmError } from "../../arm/armError.ts";
import type { Json } from "../../arm/armResource.ts";
import { armType } from "../../arm/armTypes.ts";
import { fitShape, type Members, type Shape } from "../../arm/shape.ts";
import type { Failure } from "../rpc/plugin.ts";
import { hasUnknown, type Value, type ValueMap } from "../rpc/values.ts";
import type { AzureType } from "./azureTypeTable.ts";

/** What Resource Manager would refuse about the known inputs, so that a preview says it already. */
export function refusedShapes(type: AzureType, inputs: ValueMap): readonly Failure[] {
  const recordType = typeof inputs.recordType === "string" ? inputs.recordType : "";
  if (type.armType.includes("{recordType}") && recordType === "") return [];
  return attempt("recordType", () => {
    const { envelope, properties } = armType(type.armType.replace("{recordType}", recordType));
    const wireNames = type.properties === "nested" ? {} : type.properties;
    const nested = type.properties === "nested" ? refuse("properties", inputs.properties, properties) : [];
    const inEnvelope = type.envelope.flatMap((name) => refuse(name, inputs[name], shapeOf(envelope, name)));
    const flattened = Object.entries(wireNames);
    return [
      ...nested,
      ...inEnvelope,
      ...flattened.flatMap(([name, wire]) => refuse(name, inputs[name], shapeOf(properties, wire))),
    ];
  });
}

function refuse(property: string, value: Value | undefined, shape: Shape | undefined): readonly Failure[] {
  if (value === undefined || hasUnknown(value)) return [];
  if (shape === undefined)
    return [{ property, reason: `the local cloud does not support '${property}' here` }];
  return attempt(property, () => {
    fitShape(value as Json, shape, property);
    return [];
  });
}

function shapeOf(members: Members, name: string): Shape | undefined {
  return members[name] ?? members[`${name}!`];
}

function attempt(property: string, check: () => readonly Failure[]): readonly Failure[] {
  try {
    return check();
  } catch (error) {
    if (error instanceof ArmError) return [{ property, reason: error.message }];
    throw error;
  }
}
