import { ArmError } from "./armError.ts";
import { isJsonMap, type Json } from "./armResource.ts";

/**
 * What a body may hold: a scalar's kind, the allowed words of an enumeration, a range of whole numbers, `[shape]` for a
 * list, `"map"` for free text by key, an object for members. A trailing `!` on a member's name makes it required;
 * `readOnly` is taken and dropped.
 */
export type Shape =
  | "boolean"
  | "map"
  | "number"
  | "readOnly"
  | "string"
  | Words
  | Range
  | readonly [Shape]
  | Members;
export interface Members {
  readonly [name: string]: Shape;
}
interface Words {
  readonly words: readonly string[];
}
/** A whole number. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A whole number from `from` to `to`. */
export function range(from: number, to: number): Shape {
  return { from, to };
}

/** Enumerations compare without case, as Resource Manager does. */
export function words(...allowed: readonly string[]): Shape {
  return { words: allowed };
}

/**
 * The body with read-only members left out. Throws a 400 that names the first member that isn't supported,
 * is missing or is of the wrong kind: nothing is ignored.
 */
export function fitShape(value: Json, shape: Shape, path = ""): Json {
  if (typeof shape === "string") return fitScalar(value, shape, path);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw wrong(path, "a list", value);
    return value.map((item: Json, index) => fitShape(item, shape[0] as Shape, `${path}[${index}]`));
  }
  if (isWords(shape)) return fitWord(value, shape.words, path);
  if (isRange(shape)) return fitNumber(value, shape, path);
  return fitMembers(value, shape as Members, path);
}

/** A PATCH over the old value: members one by one, all else (lists, maps of free text, scalars) as a whole. */
export function mergeShape(old: Json | undefined, patch: Json, shape: Shape | undefined): Json {
  if (!isMembers(shape) || !isJsonMap(old) || !isJsonMap(patch)) return patch;
  const merged = Object.entries(patch).map(
    ([name, value]) => [name, mergeShape(old[name], value, shape[name] ?? shape[`${name}!`])] as const,
  );
  return { ...old, ...Object.fromEntries(merged) };
}

function isMembers(shape: Shape | undefined): shape is Members {
  return typeof shape === "object" && !Array.isArray(shape) && !isWords(shape) && !isRange(shape);
}

function isWords(shape: Shape): shape is Words {
  return typeof shape === "object" && "words" in shape && Array.isArray(shape.words);
}

function isRange(shape: Shape): shape is Range {
  return typeof shape === "object" && "from" in shape && typeof shape.from === "number";
}

function fitMembers(value: Json, members: Members, path: string): Json {
  if (!isJsonMap(value)) throw wrong(path, "an object", value);
  const inside = path === "" ? "" : `${path}.`;
  const missing = Object.keys(members).find((name) => name.endsWith("!") && value[name.slice(0, -1)] == null);
  if (missing !== undefined) {
    throw new ArmError(
      400,
      "InvalidRequestContent",
      `The required property '${inside}${missing.slice(0, -1)}' is missing.`,
    );
  }
  const fitted = Object.entries(value).flatMap(([name, member]) => {
    const shape = members[name] ?? members[`${name}!`];
    if (shape === undefined) {
      throw new ArmError(
        400,
        "UnsupportedProperty",
        `The property '${inside}${name}' is not supported by the local cloud.`,
      );
    }
    return shape === "readOnly" || member === null
      ? []
      : [[name, fitShape(member, shape, `${inside}${name}`)] as const];
  });
  return Object.fromEntries(fitted);
}

function fitScalar(
  value: Json,
  kind: "boolean" | "map" | "number" | "readOnly" | "string",
  path: string,
): Json {
  if (kind === "map") {
    if (isJsonMap(value) && Object.values(value).every((member) => typeof member === "string")) return value;
    throw wrong(path, "an object of strings", value);
  }
  if (typeof value !== kind) throw wrong(path, `a ${kind}`, value);
  return value;
}

function fitWord(value: Json, allowed: readonly string[], path: string): Json {
  const found = allowed.find(
    (word) => typeof value === "string" && word.toLowerCase() === value.toLowerCase(),
  );
  if (found === undefined)
    throw wrong(path, `one of ${allowed.map((word) => `'${word}'`).join(", ")}`, value);
  return found;
}

function fitNumber(value: Json, { from, to }: Range, path: string): Json {
  if (typeof value === "number" && Number.isInteger(value) && value >= from && value <= to) return value;
  throw wrong(path, `a whole number from ${from} to ${to}`, value);
}

function wrong(path: string, expected: string, got: Json): ArmError {
  if (/password/i.test(path))
    return new ArmError(400, "InvalidRequestContent", `The property '${path}' must be ${expected}.`);
  const shown =
    typeof got === "object" && got !== null
      ? Array.isArray(got)
        ? "a list"
        : "an object"
      : `'${String(got)}'`;
  return new ArmError(
    400,
    "InvalidRequestContent",
    `The property '${path}' must be ${expected}; got ${shown}.`,
  );
}
