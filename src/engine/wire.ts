import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { refuse } from "./errors.ts";
import {
  Computed,
  isMap,
  OutputValue,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  UNKNOWN,
} from "./value.ts";

/** Key that marks a special object, and the marks (Pulumi's wire format and state format share them). */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
export const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7";

type Json = structPb.JavaScriptValue;

/** What the other side of a call understands; what it doesn't is flattened. */
export interface WireOptions {
  readonly keepSecrets: boolean;
  readonly keepResources: boolean;
  /** Without it, unknown values are left out. */
  readonly keepUnknowns: boolean;
}

/** A property map as it travels; undefined parts are left out. */
export function toStruct(map: PropertyMap, options: WireOptions): structPb.Struct {
  return structPb.Struct.fromJavaScript(encodeMap(map, options));
}

/** A map from the wire, with secrets, unknowns, outputs and references as objects. */
export function fromStruct(struct: structPb.Struct | undefined): PropertyMap {
  return struct === undefined ? {} : decodeMap(struct.toJavaScript());
}

/** As {@link fromStruct}, for an optional map whose absence means something. */
export function fromOptionalStruct(struct: structPb.Struct | undefined): PropertyMap | undefined {
  return struct === undefined ? undefined : fromStruct(struct);
}

function encodeMap(map: PropertyMap, options: WireOptions): Record<string, Json> {
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(map)) {
    const encoded = encode(value, options);
    if (encoded !== undefined) result[key] = encoded;
  }
  return result;
}

function encode(value: PropertyValue, options: WireOptions): Json | undefined {
  if (Array.isArray(value)) return value.map((element) => encode(element, options) ?? null);
  if (value instanceof Secret) return encodeSecret(value, options);
  if (value instanceof Computed) return options.keepUnknowns ? UNKNOWN : undefined;
  if (value instanceof OutputValue) return encode(lowerOutput(value), options);
  if (value instanceof ResourceReference) return encodeReference(value, options);
  return isMap(value) ? encodeMap(value, options) : value;
}

function lowerOutput(output: OutputValue): PropertyValue {
  const inner = output.value === undefined ? new Computed() : output.value;
  return output.secret ? new Secret(inner) : inner;
}

function encodeSecret(secret: Secret, options: WireOptions): Json | undefined {
  const element = encode(secret.element, options);
  if (!options.keepSecrets || element === undefined) return element;
  return { [SIGNATURE]: SECRET_SIGNATURE, value: element };
}

function encodeReference(reference: ResourceReference, options: WireOptions): Json {
  const id = reference.id === undefined ? undefined : (encode(reference.id, options) ?? "");
  if (!options.keepResources) return id ?? reference.urn;
  return {
    [SIGNATURE]: RESOURCE_SIGNATURE,
    urn: reference.urn,
    ...(id === undefined ? {} : { id }),
    ...(reference.packageVersion === "" ? {} : { packageVersion: reference.packageVersion }),
  };
}

function decodeMap(map: Record<string, Json>): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, decode(value)]));
}

function decode(value: Json): PropertyValue {
  if (value === UNKNOWN) return new Computed();
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, Json>;
  return typeof record[SIGNATURE] === "string" ? decodeSpecial(record[SIGNATURE], record) : decodeMap(record);
}

function decodeSpecial(signature: string, record: Record<string, Json>): PropertyValue {
  switch (signature) {
    case SECRET_SIGNATURE:
      return new Secret(decode(record.value ?? null));
    case OUTPUT_SIGNATURE:
      return decodeOutput(record);
    case RESOURCE_SIGNATURE:
      return new ResourceReference(
        String(record.urn),
        record.id === undefined ? undefined : decode(record.id),
        String(record.packageVersion ?? ""),
      );
    case ASSET_SIGNATURE:
    case ARCHIVE_SIGNATURE:
      throw refuse("assets and archives");
    default:
      throw refuse(`values with the signature '${signature}'`);
  }
}

function decodeOutput(record: Record<string, Json>): OutputValue {
  const dependencies = Array.isArray(record.dependencies) ? record.dependencies.map(String) : [];
  const known = Object.hasOwn(record, "value") && record.value !== UNKNOWN;
  return new OutputValue(
    known ? decode(record.value ?? null) : undefined,
    record.secret === true,
    dependencies,
  );
}
