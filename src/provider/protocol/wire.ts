import structProto from "google-protobuf/google/protobuf/struct_pb.js";

/** A value that a preview can't know yet. */
export const UNKNOWN = Symbol("unknown until applied");
export type Unknown = typeof UNKNOWN;

/** A value that must be encrypted in state and hidden in diffs. Made for the wire only: resources get plain values. */
export class Secret {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Properties as a resource sees them. */
export type Properties = Readonly<Record<string, unknown>>;

/** Decoded properties and which of the top-level ones hold a secret. */
export interface Decoded {
  readonly properties: Properties;
  readonly secretKeys: ReadonlySet<string>;
}

/** Pulumi's signatures, as in its `sdk/go/common/resource/sig`. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Unknowns of every kind; the kinds differ only in the last part. */
const UNKNOWN_TEXTS: readonly string[] = [
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Plain values of a Struct. Throws TypeError for what our resources never take (assets, resource references). */
export function decode(struct: structProto.Struct | undefined): Decoded {
  const raw = (struct?.toJavaScript() ?? {}) as Record<string, unknown>;
  const secretKeys = new Set(Object.keys(raw).filter((key) => holdsSecret(raw[key])));
  return { properties: decodeMap(raw), secretKeys };
}

/** A Struct of plain values, `UNKNOWN` and `Secret`; undefined members are left out. */
export function encode(
  properties: Properties,
  secretKeys: ReadonlySet<string> = new Set(),
): structProto.Struct {
  const raw = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, encodeValue(secretKeys.has(key) ? asSecret(value) : value)]);
  return structProto.Struct.fromJavaScript(Object.fromEntries(raw));
}

/** True when nothing in `value` is unknown. */
export function isKnown(value: unknown): boolean {
  if (value === UNKNOWN) return false;
  if (Array.isArray(value)) return value.every(isKnown);
  return !isMap(value) || Object.values(value).every(isKnown);
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function decodeValue(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWN_TEXTS.includes(value) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(decodeValue);
  if (!isMap(value)) return value;
  return value[SIGNATURE_KEY] === undefined ? decodeMap(value) : decodeSigned(value);
}

function decodeMap(map: Record<string, unknown>): Properties {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, decodeValue(value)]));
}

function decodeSigned(value: Record<string, unknown>): unknown {
  const signature = value[SIGNATURE_KEY];
  if (signature === SECRET_SIGNATURE) return decodeValue(value.value);
  if (signature === OUTPUT_SIGNATURE) return "value" in value ? decodeValue(value.value) : UNKNOWN;
  throw new TypeError(
    `a value of kind '${String(signature)}' (asset or resource reference) is not taken here.`,
  );
}

function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isMap(value)) return false;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) return true;
  if (value[SIGNATURE_KEY] === OUTPUT_SIGNATURE) return value.secret === true;
  return Object.values(value).some(holdsSecret);
}

function encodeValue(value: unknown): structProto.JavaScriptValue {
  if (value === UNKNOWN) return UNKNOWN_TEXT;
  if (value instanceof Secret) {
    return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: encodeValue(value.value) };
  }
  if (Array.isArray(value)) return value.map(encodeValue);
  if (isMap(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([key, member]) => [key, encodeValue(member)]));
  }
  return value as structProto.JavaScriptValue;
}

function asSecret(value: unknown): Secret {
  return value instanceof Secret ? value : new Secret(value);
}
