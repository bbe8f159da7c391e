import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  Pair,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import { byConfigKey } from "./configOrder.ts";
import { styleOf, textScalar } from "./yamlScalar.ts";

/** A node for a plain value; the keys of maps are sorted as the official CLI sorts them. */
export function newNode(document: Document, value: unknown): Node {
  if (typeof value === "string") return textScalar(value);
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items = value.map((element) => newNode(document, element));
    return list;
  }
  if (typeof value !== "object" || value === null) return document.createNode(value) as Node;
  const map = new YAMLMap();
  map.items = sorted(Object.keys(value)).map((key) => newPair(document, key, (value as Entries)[key]));
  return map;
}

type Entries = Readonly<Record<string, unknown>>;

function sorted(keys: readonly string[]): readonly string[] {
  return [...keys].sort(byConfigKey);
}

function newPair(document: Document, key: string, value: unknown): Pair {
  return new Pair(textScalar(key), newNode(document, value));
}

/** The node that stands for `value` in place of `old`, which is changed only where it differs: comments and styles stay. */
export function editNode(document: Document, old: unknown, value: unknown): Node {
  if (!isNode(old)) return newNode(document, value);
  if (isSame(old.toJS(document), value)) return old;
  if (isScalar(old) && (typeof value !== "object" || value === null)) return editScalar(document, old, value);
  if (isSeq(old) && Array.isArray(value)) {
    old.items = value.map((element, index) => editNode(document, old.items[index], element));
    return old;
  }
  if (isMap(old) && typeof value === "object" && value !== null && !Array.isArray(value)) {
    editMap(document, old as YAMLMap, value as Entries);
    return old;
  }
  return newNode(document, value);
}

/** Whole numbers are read as `bigint`, and count by their digits. */
function isSame(left: unknown, right: unknown): boolean {
  const isWhole = (part: unknown): boolean => typeof part === "bigint" || Number.isInteger(part);
  const replacer = (_key: string, part: unknown): unknown => (isWhole(part) ? { whole: String(part) } : part);
  return JSON.stringify(left, replacer) === JSON.stringify(right, replacer);
}

function editScalar(document: Document, old: Scalar, value: unknown): Node {
  const fresh = newNode(document, value) as Scalar;
  const isStyled = old.type !== undefined && old.type !== Scalar.PLAIN;
  old.value = value;
  delete old.source;
  delete old.format;
  if (typeof value !== "string") old.type = Scalar.PLAIN;
  else if (!isStyled) Object.assign(old, { type: styleOf(value) ?? fresh.type });
  return old;
}

/** Leaves some entries of a map; what stands above the first of all is a comment on it, and goes with it. */
export function keepItems(map: YAMLMap, isKept: (pair: Pair) => boolean): void {
  const [first] = map.items;
  if (first !== undefined && !isKept(first)) map.commentBefore = aboveBlankLine(map.commentBefore);
  map.items = map.items.filter(isKept);
}

function aboveBlankLine(comment: string | null | undefined): string | null {
  const end = comment?.lastIndexOf("\n\n") ?? -1;
  return end === -1 ? null : (comment?.slice(0, end) ?? null);
}

function editMap(document: Document, old: YAMLMap, value: Entries): void {
  const nameOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);
  keepItems(old, (pair) => Object.hasOwn(value, nameOf(pair)));
  const kept = old.items;
  for (const pair of kept) pair.value = editNode(document, pair.value, value[nameOf(pair)]);
  const known = new Set(kept.map(nameOf));
  const added = sorted(Object.keys(value).filter((key) => !known.has(key)));
  old.items = [...kept, ...added.map((key) => newPair(document, key, value[key]))];
}
