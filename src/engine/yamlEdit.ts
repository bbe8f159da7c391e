import { isDeepStrictEqual } from "node:util";
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
  if (isDeepStrictEqual(old.toJS(document), value)) return old;
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

function editMap(document: Document, old: YAMLMap, value: Entries): void {
  const nameOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);
  const kept = old.items.filter((pair) => Object.hasOwn(value, nameOf(pair)));
  for (const pair of kept) pair.value = editNode(document, pair.value, value[nameOf(pair)]);
  const known = new Set(kept.map(nameOf));
  const added = sorted(Object.keys(value).filter((key) => !known.has(key)));
  old.items = [...kept, ...added.map((key) => newPair(document, key, value[key]))];
}
