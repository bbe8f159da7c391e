import { isEqual, isMap, type Value, type ValueMap } from "./values.ts";

/** How one property changes. */
export type ChangeKind = "add" | "delete" | "update";

export interface PropertyChange {
  /** Pulumi property path, e.g. `tags["a.b"]` or `sku.name`. */
  readonly path: string;
  readonly kind: ChangeKind;
  /** True when this change alone means a replacement. */
  readonly isReplace: boolean;
}

export interface DiffRules {
  /** Decides by path without indexes (`aRecords[].ipv4Address`) whether a change replaces. */
  readonly isReplace: (rulePath: string) => boolean;
  /** Values that count as the same although they differ, e.g. locations by case. */
  readonly isSame?: (rulePath: string, old: Value | undefined, now: Value | undefined) => boolean;
}

/** Every changed leaf between old and new inputs, sorted by path. */
export function diffInputs(olds: ValueMap, news: ValueMap, rules: DiffRules): readonly PropertyChange[] {
  const changes = diffMaps(olds, news, { path: "", rulePath: "" }, rules);
  return [...changes].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The top-level names behind changes, each once. */
export function topLevel(changes: readonly PropertyChange[]): readonly string[] {
  return [...new Set(changes.map(({ path }) => path.split(/[.[]/, 1)[0] ?? path))];
}

interface Place {
  readonly path: string;
  readonly rulePath: string;
}

function diffMaps(olds: ValueMap, news: ValueMap, at: Place, rules: DiffRules): readonly PropertyChange[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  return keys.flatMap((key) => diffValues(olds[key], news[key], member(at, key), rules));
}

function diffValues(
  old: Value | undefined,
  now: Value | undefined,
  at: Place,
  rules: DiffRules,
): readonly PropertyChange[] {
  if (isEqual(old, now) || rules.isSame?.(at.rulePath, old, now)) return [];
  if (isMap(old) && isMap(now)) {
    const inner = diffMaps(old, now, at, rules);
    return rules.isReplace(at.rulePath) ? inner.map((change) => ({ ...change, isReplace: true })) : inner;
  }
  if (Array.isArray(old) && Array.isArray(now)) return diffArrays(old, now, at, rules);
  const kind = old === undefined ? "add" : now === undefined ? "delete" : "update";
  return [{ path: at.path, kind, isReplace: rules.isReplace(at.rulePath) }];
}

function diffArrays(
  olds: readonly Value[],
  news: readonly Value[],
  at: Place,
  rules: DiffRules,
): readonly PropertyChange[] {
  const isReplace = rules.isReplace(at.rulePath);
  const longest = Array.from({ length: Math.max(olds.length, news.length) }, (_, index) => index);
  return longest.flatMap((index) => {
    const place = { path: `${at.path}[${index}]`, rulePath: `${at.rulePath}[]` };
    const changes = diffValues(olds[index], news[index], place, rules);
    return isReplace ? changes.map((change) => ({ ...change, isReplace: true })) : changes;
  });
}

function member(at: Place, key: string): Place {
  const isPlain = /^[A-Za-z_$][\w$]*$/.test(key);
  const step = isPlain ? `${at.path === "" ? "" : "."}${key}` : `["${key.replaceAll('"', '\\"')}"]`;
  return { path: `${at.path}${step}`, rulePath: at.rulePath === "" ? key : `${at.rulePath}.${key}` };
}
