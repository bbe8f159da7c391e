import type { JsonValue } from "./desired.ts";
import type { Problem, ValuePath } from "./problems.ts";
import type { Source } from "./source.ts";

/** Fields that PRODUCT.md gives an entry and that are not built: accepting one without effect would be a lie. */
export const UNBUILT_ENTRY_FIELDS: Readonly<Record<string, string>> = {
  extras: "storage, vectors and health checks",
};

/** Values of built fields that are not built. */
const UNBUILT_ENTRY_VALUES: Readonly<Record<string, { readonly value: JsonValue; readonly what: string }>> = {
  isolation: { value: "schema", what: "a schema in a shared database" },
};

/** Fields of `plans/*.yaml` that are not built. */
export const UNBUILT_PLAN_FIELDS: Readonly<Record<string, string>> = {
  transformations: "transformations of settings",
};

/** Fields of an environment's config that are not built. */
export const UNBUILT_CONFIG_FIELDS: Readonly<Record<string, string>> = {
  transformations: "transformations of settings",
};

/** A mapping without its unbuilt parts, and a problem for each of them. */
export interface Supported {
  readonly rest: Readonly<Record<string, JsonValue>>;
  readonly problems: readonly Problem[];
}

/** Takes the unbuilt fields of an entry, or of one of its overrides, out. */
export function splitUnbuiltEntry(
  raw: Readonly<Record<string, JsonValue>>,
  source: Source,
  base: ValuePath = [],
): Supported {
  const { rest, problems } = splitUnbuilt(raw, UNBUILT_ENTRY_FIELDS, source, base);
  const wrong = Object.entries(UNBUILT_ENTRY_VALUES).filter(([name, { value }]) => rest[name] === value);
  const kept = Object.entries(rest).filter(([name]) => !wrong.some(([unbuilt]) => unbuilt === name));
  return {
    rest: Object.fromEntries(kept),
    problems: [
      ...problems,
      ...wrong.map(([name, { what }]) => refuse([...base, name], what, source.placeOf([...base, name]))),
    ],
  };
}

/** Takes unbuilt fields out of a mapping. */
export function splitUnbuilt(
  raw: Readonly<Record<string, JsonValue>>,
  unbuilt: Readonly<Record<string, string>>,
  source: Source,
  base: ValuePath = [],
): Supported {
  const isUnbuilt = (name: string) => Object.hasOwn(unbuilt, name);
  const problems = Object.keys(raw)
    .filter(isUnbuilt)
    .map((name) => refuse([...base, name], unbuilt[name] ?? name, source.keyPlaceOf([...base, name])));
  return { rest: Object.fromEntries(Object.entries(raw).filter(([name]) => !isUnbuilt(name))), problems };
}

function refuse(path: ValuePath, what: string, place: Problem["place"]): Problem {
  return { code: "E_NOT_SUPPORTED", path, place, text: `not built yet (${what}); remove the field.` };
}
