import { isMap, type Properties, UNKNOWN } from "./wire.ts";

export type DifferenceKind = "add" | "delete" | "update";

/** One changed property, by Pulumi's property path: `settings.maxTokens`, `files["0003_x.sql"]`, `hosts[1]`. */
export interface Difference {
  readonly path: string;
  readonly kind: DifferenceKind;
}

/** Every leaf that differs between old and new inputs, sorted by path; an unknown new value counts as changed. */
export function differences(
  olds: Properties,
  news: Properties,
  ignored: readonly string[] = [],
): readonly Difference[] {
  const keep = (properties: Properties) =>
    Object.fromEntries(Object.entries(properties).filter(([key]) => !ignored.includes(key)));
  return compareMaps("", keep(olds), keep(news)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function compare(path: string, before: unknown, after: unknown): Difference[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  if (after === UNKNOWN) return [{ path, kind: "update" }];
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(path, before, after);
  if (isMap(before) && isMap(after)) return compareMaps(path, before, after);
  return before === after ? [] : [{ path, kind: "update" }];
}

function compareMaps(path: string, before: Properties, after: Properties): Difference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => compare(join(path, key), before[key], after[key]));
}

function compareLists(path: string, before: readonly unknown[], after: readonly unknown[]): Difference[] {
  const length = Math.max(before.length, after.length);
  return Array.from({ length }, (_, at) => at).flatMap((at) =>
    compare(`${path}[${at}]`, before[at], after[at]),
  );
}

function join(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
