import { ArmError } from "./armError.ts";
import { isJsonMap, type Json } from "./armResource.ts";

/**
 * What a body may hold: a scalar's kind, the allowed words of an enumeration, `[shape]` for a list, `"map"` for free
 * text by key, an object for members. A trailing `!` on a member's name makes it required; `readOnly` is taken and dropped.
 */
export type Shape =
  | "boolean"
  | "map"
  | "number"
  | "readOnly"
  | "string"
  | { readonly words: readonly string[] }
  | readonly [Shape]
  | Members;
export interface Members {
  readonly [name: string]: Shape;
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
  return fitMembers(value, shape as Members, path);
}

function isWords(shape: Shape): shape is { readonly words: readonly string[] } {
  return typeof shape === "object" && "words" in shape && Array.isArray(shape.words);
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
