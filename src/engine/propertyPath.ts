import { Computed, isMap, OutputValue, type PropertyMap, type PropertyValue, Secret } from "./value.ts";

/** Keys and indices of a path such as `a.b[0]["c.d"]`; `*` matches every key or index. */
export type PropertyPath = readonly (string | number)[];

/** Parses a property path; throws when it isn't one. */
export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  const token = /\[\s*(\d+|\*|"(?:[^"\\]|\\.)*")\s*\]|\.?([^.[\]"]+)/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) throw new Error(`'${text}' is not a property path`);
    path.push(match[2] ?? parseIndex(match[1] ?? ""));
  }
  return path;
}

function parseIndex(index: string): string | number {
  if (index.startsWith('"')) return JSON.parse(index) as string;
  return index === "*" ? "*" : Number(index);
}

/** Whether `path` is `prefix` or lies inside it. */
export function containsPath(prefix: PropertyPath, path: PropertyPath): boolean {
  return prefix.length <= path.length && prefix.every((part, index) => part === "*" || part === path[index]);
}

/**
 * A copy of `inputs` in which `path` has the value of `olds`; undefined when the path can't be reset
 * (an element on it was added or removed).
 */
export function resetPath(
  path: PropertyPath,
  olds: PropertyMap,
  inputs: PropertyMap,
): PropertyMap | undefined {
  const reset = resetAt(path, olds, inputs);
  return isMap(reset) ? reset : undefined;
}

function resetAt(
  path: PropertyPath,
  old: PropertyValue | undefined,
  current: PropertyValue | undefined,
): PropertyValue | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return old;
  const inside = resetInside(head, rest, peel(old), peel(current));
  return inside !== undefined && current instanceof Secret ? new Secret(inside) : inside;
}

function resetInside(
  head: string | number,
  rest: PropertyPath,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
): PropertyValue | undefined {
  if (Array.isArray(before) && Array.isArray(after)) return resetArray(head, rest, before, after);
  return isMap(before) && isMap(after) ? resetMap(head, rest, before, after) : undefined;
}

function resetArray(
  head: string | number,
  rest: PropertyPath,
  before: PropertyValue[],
  after: PropertyValue[],
): PropertyValue | undefined {
  const indices = head === "*" ? after.map((_, index) => index) : [Number(head)];
  if (head === "*" && before.length !== after.length) return undefined;
  const copy = [...after];
  for (const index of indices) {
    if (index >= before.length || index >= after.length) return undefined;
    const value = resetAt(rest, before[index], after[index]);
    if (value === undefined) return undefined;
    copy[index] = value;
  }
  return copy;
}

function resetMap(
  head: string | number,
  rest: PropertyPath,
  before: PropertyMap,
  after: PropertyMap,
): PropertyValue | undefined {
  const keys = head === "*" ? [...new Set([...Object.keys(before), ...Object.keys(after)])] : [String(head)];
  const copy = { ...after };
  for (const key of keys) {
    if (rest.length === 0 && before[key] === undefined) delete copy[key];
    else {
      const value = resetAt(rest, before[key], after[key]);
      if (value === undefined) return undefined;
      copy[key] = value;
    }
  }
  return copy;
}

/** What a secret or known output wraps. */
function peel(value: PropertyValue | undefined): PropertyValue | undefined {
  if (value instanceof Secret) return peel(value.element);
  if (value instanceof OutputValue) return value.value === undefined ? new Computed() : peel(value.value);
  return value;
}
