import { randomBytes, randomUUID } from "node:crypto";
import { UNKNOWN, type ValueMap } from "../rpc/values.ts";
import { numberOf, type RandomKind } from "./randomType.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** RandomUuid: the uuid is its id. */
export const randomUuid: RandomKind = {
  inputs: { keepers: "map" },
  made: ["result"],
  secrets: [],
  fill: (inputs) => inputs,
  refuse: () => [],
  make: async (filled) => {
    const result = randomUUID();
    return { id: result, outputs: { ...filled, result } };
  },
  adopt: async (id) => {
    if (!UUID.test(id)) throw new Error(`RandomUuid: import id must be a UUID; got '${id}'`);
    return { id, outputs: { result: id }, inputs: {} };
  },
};

/** RandomId: bytes in four spellings, each with the prefix; the id is the URL-safe base64 without it. */
export const randomId: RandomKind = {
  inputs: { keepers: "map", byteLength: "number", prefix: "string" },
  made: ["b64Std", "b64Url", "dec", "hex"],
  secrets: [],
  fill: (inputs) => inputs,
  refuse: (filled) => {
    if (filled.byteLength === undefined) return ["missing required property 'byteLength'"];
    return filled.byteLength === UNKNOWN || Number(filled.byteLength) >= 1
      ? []
      : ["'byteLength' must be at least 1"];
  },
  make: async (filled) => spell(randomBytes(numberOf(filled, "byteLength")), filled),
  adopt: async (importId) => {
    const [encoded = "", prefix] = importId.split(",").reverse();
    const bytes = Buffer.from(encoded, "base64url");
    if (bytes.length === 0)
      throw new Error(`RandomId: import id must be '[prefix,]<base64url>'; got '${importId}'`);
    const inputs = { byteLength: bytes.length, ...(prefix === undefined ? {} : { prefix }) };
    return { ...spell(bytes, inputs), inputs };
  },
};

function spell(bytes: Buffer, filled: ValueMap) {
  const prefix = typeof filled.prefix === "string" ? filled.prefix : "";
  const id = bytes.toString("base64url");
  const hex = bytes.toString("hex");
  const spellings = { b64Std: bytes.toString("base64"), b64Url: id, dec: BigInt(`0x${hex}`).toString(), hex };
  const prefixed = Object.entries(spellings).map(([name, text]) => [name, `${prefix}${text}`]);
  return { id, outputs: { ...filled, ...Object.fromEntries(prefixed) } };
}
