import structPb from "google-protobuf/google/protobuf/struct_pb.js";

class Unknown {
  readonly kind = "unknown";
}

/** A value the engine does not know yet (preview). */
export const UNKNOWN = new Unknown();

/** An output that the engine must keep encrypted; only ever sent, never received (inputs arrive unwrapped). */
export class Secret {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

/** A property's value as providers see it: plain, secrets unwrapped, `null` members left out. */
export type Value = Unknown | Secret | null | boolean | number | string | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

// Pulumi's wire constants (sdk/go/common/resource/properties.go).
const UNKNOWN_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const REFUSED_SIGNATURES: Readonly<Record<string, string>> = {
  c44067f5952c0a294b673a41bacd8c17: "an asset",
  "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
  "5cf8f73096256a8f31e491e813e4eb8e": "a resource reference",
};

/** Reads a property bag off the wire. Throws for assets, archives and resource references. */
export function decode(struct: structPb.Struct | undefined): ValueMap {
  if (struct === undefined) return {};
  return fromWire(struct.toJavaScript(), "") as ValueMap;
}

/** Writes a property bag to the wire; `undefined` members are left out. */
export function encode(values: { readonly [key: string]: Value | undefined }): structPb.Struct {
  return structPb.Struct.fromJavaScript(
    toWire(values as ValueMap) as Record<string, structPb.JavaScriptValue>,
  );
}

/** True for a property bag, false for scalars, arrays and unknowns. */
export function isMap(value: Value | undefined): value is ValueMap {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Secret) && !(value instanceof Unknown);
}

/** True when the value or anything inside it is unknown. */
export function hasUnknown(value: Value | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}

/** Deep equality; two unknowns are never equal. */
export function isEqual(a: Value | undefined, b: Value | undefined): boolean {
  if (a === UNKNOWN || b === UNKNOWN) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (isMap(a) && isMap(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => isEqual(a[key], b[key]));
  }
  return a === b;
}

function fromWire(value: structPb.JavaScriptValue, path: string): Value {
  if (value === UNKNOWN_WIRE) return UNKNOWN;
  if (Array.isArray(value)) return value.map((item, index) => fromWire(item, `${path}[${index}]`));
  if (typeof value !== "object" || value === null) return value;
  return fromWireMap(value as Record<string, structPb.JavaScriptValue>, path);
}

function fromWireMap(map: Record<string, structPb.JavaScriptValue>, path: string): Value {
  const signature = map[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return fromWire(map.value ?? null, path);
  if (signature === OUTPUT_SIGNATURE) return map.value === undefined ? UNKNOWN : fromWire(map.value, path);
  if (typeof signature === "string") {
    throw new Error(
      `property '${path}' is ${REFUSED_SIGNATURES[signature] ?? `of the unknown kind ${signature}`}, which the local cloud's plugins don't take`,
    );
  }
  const entries = Object.entries(map)
    .filter(([, member]) => member !== null)
    .map(([key, member]) => [key, fromWire(member, path === "" ? key : `${path}.${key}`)]);
  return Object.fromEntries(entries) as ValueMap;
}

function toWire(value: Value): structPb.JavaScriptValue {
  if (value === UNKNOWN) return UNKNOWN_WIRE;
  if (value instanceof Secret) return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: toWire(value.value) };
  if (Array.isArray(value)) return value.map(toWire);
  if (!isMap(value)) return value as structPb.JavaScriptValue;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, toWire(member)]));
}
