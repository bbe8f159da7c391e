import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, Scalar, type YAMLMap } from "yaml";
import type { JsonValue } from "./desired.ts";
import { expectedGot, type Place, type Problem, type ValuePath, visible } from "./problems.ts";

/** Deeper than any entry needs; bounds the recursion of every later reader. */
const MAX_DEPTH = 16;

/** Characters that show nothing or turn the text around: C0 (but tab and line ends), C1, bidi controls, BOM inside. */
export const FORBIDDEN_CHARACTER =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones refused
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u;

/** JSON's own form of a number: every reader agrees on it. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Truth values for YAML 1.1 readers, text for YAML 1.2 ones. */
const AMBIGUOUS_WORD = /^(y|yes|n|no|on|off)$/i;

/** Where one value stands in the text, as offsets. */
export interface Spot {
  readonly valueOffset: number;
  /** Undefined for items of lists and for the top. */
  readonly keyOffset: number | undefined;
  /** Scalars only: the text as written. */
  readonly written: string | undefined;
}

/** A mapping as plain data. */
export interface Tree {
  readonly root: Readonly<Record<string, JsonValue>>;
  /** By `JSON.stringify(path)`. */
  readonly spots: ReadonlyMap<string, Spot>;
  readonly problems: readonly Problem[];
}

interface Walk {
  readonly spots: Map<string, Spot>;
  readonly refuse: (path: ValuePath, offset: number, text: string) => void;
}

/** Turns YAML nodes into plain data: never resolves an alias, never runs a tag. Strings come out in Unicode NFC. */
export function readTree(root: YAMLMap.Parsed, placeAt: (offset: number) => Place): Tree {
  const spots = new Map<string, Spot>();
  const problems: Problem[] = [];
  const refuse = (path: ValuePath, offset: number, text: string) => {
    problems.push({ code: "E_INVALID_ENTRY", place: placeAt(offset), path, text });
  };
  const value = readNode(root, [], undefined, { spots, refuse });
  return { root: value as Record<string, JsonValue>, spots, problems };
}

function readNode(
  node: ParsedNode | null,
  path: ValuePath,
  keyOffset: number | undefined,
  walk: Walk,
): JsonValue {
  const valueOffset = node?.range[0] ?? keyOffset ?? 0;
  const written = isScalar(node) ? node.source : undefined;
  walk.spots.set(JSON.stringify(path), { valueOffset, keyOffset, written });
  if (node === null) return null;
  refuseExtras(node, path, walk);
  if (isAlias(node)) return null;
  if (isScalar(node)) return readScalar(node, path, walk);
  if (path.length >= MAX_DEPTH) {
    walk.refuse(path, valueOffset, expectedGot(`at most ${MAX_DEPTH} levels`, "more"));
    return null;
  }
  if (isSeq(node)) {
    return node.items.map((item, index) => readNode(item as ParsedNode, [...path, index], undefined, walk));
  }
  return isMap(node) ? readMap(node as YAMLMap.Parsed, path, walk) : null;
}

function readMap(node: YAMLMap.Parsed, path: ValuePath, walk: Walk): Record<string, JsonValue> {
  const entries = node.items.flatMap((pair) => {
    const key = readKey(pair, path, walk);
    if (key === undefined) return [];
    return [[key, readNode(pair.value, [...path, key], pair.key.range[0], walk)] as const];
  });
  return Object.fromEntries(entries);
}

function readKey(pair: Pair<ParsedNode, ParsedNode | null>, path: ValuePath, walk: Walk): string | undefined {
  const { key } = pair;
  const offset = key.range[0];
  refuseExtras(key, path, walk);
  if (!isScalar(key) || typeof key.value !== "string") {
    walk.refuse(path, offset, expectedGot("a name before the ':'", "a mapping, a list or an alias"));
    return undefined;
  }
  const name = key.value;
  if (name === "__proto__" || name === "<<") {
    walk.refuse(path, offset, `the key '${name}' is not allowed; write the fields out.`);
    return undefined;
  }
  if (FORBIDDEN_CHARACTER.test(name) || name.normalize("NFC") !== name) {
    walk.refuse(
      path,
      offset,
      expectedGot("a key of visible characters in Unicode NFC", `'${visible(name)}'`),
    );
  }
  return name;
}

function readScalar(node: Scalar, path: ValuePath, walk: Walk): JsonValue {
  const offset = node.range?.[0] ?? 0;
  const { value } = node;
  if (typeof value === "number" || typeof value === "bigint") return readNumber(node, path, walk);
  if (typeof value !== "string") return typeof value === "boolean" ? value : null;
  if (node.type === Scalar.PLAIN && AMBIGUOUS_WORD.test(value)) {
    walk.refuse(path, offset, expectedGot("true, false or text in quotes", `the bare word '${value}'`));
  }
  const hidden = FORBIDDEN_CHARACTER.exec(value);
  if (hidden !== null) {
    walk.refuse(path, offset, expectedGot("visible characters", `'${visible(hidden[0])}'`));
  }
  return value.normalize("NFC");
}

function readNumber(node: Scalar, path: ValuePath, walk: Walk): JsonValue {
  const written = node.source ?? String(node.value);
  const value = Number(node.value);
  if (!PLAIN_NUMBER.test(written)) {
    const got = `'${visible(written)}', which readers take for different numbers`;
    walk.refuse(path, node.range?.[0] ?? 0, expectedGot("a decimal number, or text in quotes", got));
  } else if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    const got = `'${written}', which loses digits`;
    walk.refuse(path, node.range?.[0] ?? 0, expectedGot("a number up to 2^53, or text in quotes", got));
  }
  return value;
}

function refuseExtras(node: ParsedNode, path: ValuePath, walk: Walk): void {
  const offset = node.range[0];
  if (isAlias(node))
    walk.refuse(path, offset, `aliases are not allowed; write the value out instead of '*${node.source}'.`);
  else if (node.anchor !== undefined)
    walk.refuse(path, offset, `anchors are not allowed; remove '&${node.anchor}'.`);
  if (node.tag !== undefined)
    walk.refuse(path, offset, `tags are not allowed; remove '${visible(node.tag)}'.`);
}
