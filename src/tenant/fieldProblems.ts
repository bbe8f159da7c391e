import * as z from "zod";
import type { JsonValue } from "./desired.ts";
import type { ErrorCode } from "./errors.ts";
import { expectedGot, orList, type Problem, type ValuePath, visible } from "./problems.ts";
import { isSecretKey, isSecretText } from "./secrets.ts";
import type { Source } from "./source.ts";
import { nearestName } from "./suggestion.ts";

/** Longest piece of a user's value that a message repeats. */
const MAX_SHOWN = 60;

/** A value checked against a schema: the parsed value, or what is wrong with it. */
export type Checked<Value> =
  | { readonly value: Value; readonly problems: readonly [] }
  | { readonly value: undefined; readonly problems: readonly Problem[] };

/** Checks a value by a schema made of `values.ts`' parts; every problem gets its place and what was got. */
export function checkFields<Schema extends z.ZodType>(
  schema: Schema,
  value: JsonValue,
  source: Source,
  code: ErrorCode,
): Checked<z.output<Schema>> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, problems: [] };
  const word = { schema, value, source, code };
  return {
    value: undefined,
    problems: firstOfEachPath(result.error.issues.flatMap((issue) => wordIssue(issue, word))),
  };
}

/** Keeps the first problem of each path: later ones say the same in other words. */
export function firstOfEachPath(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, place }) => {
    const key = JSON.stringify(path.length === 0 ? place : path);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** What a user wrote, in words; a value that may be a secret is not repeated. */
export function describeGot(value: JsonValue | undefined, path: ValuePath, written?: string): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (isSecretKey(String(path.at(-1) ?? "")) || isSecretText(String(value)))
    return "a value that looks like a secret";
  if (typeof value === "number") return `the number ${written ?? value}`;
  if (typeof value === "boolean") return String(value);
  return `'${visible(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)}'`;
}

/** The value at a path, undefined when something on the way isn't there. Reads own keys only. */
export function valueAt(value: JsonValue | undefined, path: ValuePath): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, JsonValue>)[part];
  }
  return current;
}

interface Wording {
  readonly schema: z.ZodType;
  readonly value: JsonValue;
  readonly source: Source;
  readonly code: ErrorCode;
}

function wordIssue(issue: z.core.$ZodIssue, word: Wording): Problem[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => wordUnknown([...path, key], word));
  const { source, code } = word;
  if (issue.code === "invalid_key") {
    const expected = issue.issues[0]?.message ?? issue.message;
    const got = describeGot(String(path.at(-1)), []);
    return [{ code, path, place: source.keyPlaceOf(path), text: expectedGot(expected, got) }];
  }
  const got = describeGot(valueAt(word.value, path), path, source.writtenAs(path));
  const quote =
    got.startsWith("the number") && !issue.message.includes("number") ? " (text needs quotes)" : "";
  return [{ code, path, place: source.placeOf(path), text: expectedGot(issue.message, `${got}${quote}`) }];
}

function wordUnknown(path: ValuePath, { schema, source, code }: Wording): Problem {
  const known = fieldNamesAt(schema, path.slice(0, -1));
  const near = nearestName(String(path.at(-1)), known);
  const text =
    near === undefined
      ? `no such field; expected ${orList(known)}.`
      : `no such field; did you mean '${near}'?`;
  return { code, path, place: source.keyPlaceOf(path), text };
}

/** Names of the fields a schema knows at a path, sorted. */
function fieldNamesAt(schema: z.core.$ZodType, path: ValuePath): string[] {
  const [part, ...rest] = path;
  const inner = childrenOf(schema, part);
  if (part === undefined && inner.length === 0) return [];
  if (part === undefined) return inner.map(([name]) => name).sort();
  return inner.flatMap(([, child]) => fieldNamesAt(child, rest));
}

/** Fields of a schema by name; for a part of a path those it can mean. Lists and records have one nameless child. */
function childrenOf(schema: z.core.$ZodType, part: string | number | undefined): [string, z.core.$ZodType][] {
  if (schema instanceof z.ZodObject) {
    const all = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    return part === undefined ? all : all.filter(([name]) => name === part);
  }
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional
  ) {
    return childrenOf(schema.def.innerType, part);
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => childrenOf(option, part));
  if (part === undefined) return [];
  if (schema instanceof z.ZodRecord) return [["", schema.valueType]];
  return schema instanceof z.ZodArray ? [["", schema.element]] : [];
}
