import { type PropertyPath, parsePath } from "../propertyPath.ts";
import type { PropertyDiff } from "../providers/provider.ts";
import { Computed, equals, isMap, isSpecial, type PropertyMap, type PropertyValue } from "../value.ts";

/** What differs between two maps or lists, by key or index. */
export interface Changes {
  readonly isList: boolean;
  readonly adds: Map<string | number, PropertyValue>;
  readonly deletes: Map<string | number, PropertyValue>;
  readonly updates: Map<string | number, ValueDiff>;
  /** What is the same in both, for it helps to find one's way. */
  readonly sames: Map<string | number, PropertyValue>;
}

/** Two values that differ; `inside` when both are maps, or both lists. */
export interface ValueDiff {
  readonly old: PropertyValue | undefined;
  readonly new: PropertyValue | undefined;
  inside?: Changes | undefined;
}

function noChanges(isList: boolean): Changes {
  return { isList, adds: new Map(), deletes: new Map(), updates: new Map(), sames: new Map() };
}

export function isEmpty({ adds, deletes, updates }: Changes): boolean {
  return adds.size + deletes.size + updates.size === 0;
}

/** Keys of Pulumi's own begin so; nobody sees them. */
function isInternalKey(key: string): boolean {
  return key.startsWith("__");
}

/** Compares two maps; a property that is null counts as none. */
export function diffMaps(olds: PropertyMap, news: PropertyMap): Changes {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const changes = noChanges(false);
  for (const key of keys) if (!isInternalKey(key)) addDifference(changes, key, olds[key], news[key]);
  return changes;
}

function diffLists(olds: readonly PropertyValue[], news: readonly PropertyValue[]): Changes {
  const changes = noChanges(true);
  for (let index = 0; index < Math.max(olds.length, news.length); index++)
    addDifference(changes, index, olds[index], news[index]);
  return changes;
}

function addDifference(
  { adds, deletes, updates, sames }: Changes,
  key: string | number,
  before: PropertyValue | undefined,
  after: PropertyValue | undefined,
): void {
  const [old, now] = [before ?? undefined, after ?? undefined];
  if (old === undefined && now === undefined) return;
  if (old === undefined) adds.set(key, now ?? null);
  else if (now === undefined) deletes.set(key, old);
  else if (equals(old, now)) sames.set(key, now);
  else updates.set(key, diffValues(old, now));
}

/** How two values that aren't equal differ. */
export function diffValues(old: PropertyValue | undefined, now: PropertyValue | undefined): ValueDiff {
  if (Array.isArray(old) && Array.isArray(now)) return { old, new: now, inside: diffLists(old, now) };
  return isMap(old) && isMap(now) ? { old, new: now, inside: diffMaps(old, now) } : { old, new: now };
}

/** Where the values of a provider's detailed diff are found. */
export interface DiffSides {
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly newOutputs: PropertyMap;
  /** A refresh compares what was stored with what was found. */
  readonly isRefresh: boolean;
}

/** A provider's detailed diff with the values that it is about. */
export function detailedChanges(details: Readonly<Record<string, PropertyDiff>>, sides: DiffSides): Changes {
  const changes = noChanges(false);
  for (const [path, { kind, inputDiff }] of Object.entries(details)) {
    const olds = inputDiff ? sides.oldInputs : sides.oldOutputs;
    const news = sides.isRefresh && !inputDiff ? sides.newOutputs : sides.newInputs;
    addChange(changes, pathOf(path), kind.replace(/-replace$/, ""), olds, news);
  }
  return changes;
}

function pathOf(text: string): PropertyPath {
  try {
    return parsePath(text);
  } catch (error) {
    // Providers name what isn't a path, too; then it is the property's name.
    if (error instanceof Error) return [text];
    throw error;
  }
}

function addChange(
  changes: Changes,
  path: PropertyPath,
  kind: string,
  oldParent: PropertyValue | undefined,
  newParent: PropertyValue | undefined,
): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const [old, now] = [childOf(key, oldParent), childOf(key, newParent)];
  if (rest.length === 0) addLeaf(changes, key, kind, old, now);
  else if ((old ?? null) === null && (now ?? null) !== null) changes.adds.set(key, now ?? null);
  else if ((old ?? null) !== null && (now ?? null) === null) changes.deletes.set(key, old ?? null);
  else {
    const update: ValueDiff = changes.updates.get(key) ?? { old, new: now };
    update.inside ??= noChanges(typeof rest[0] === "number");
    changes.updates.set(key, update);
    addChange(update.inside, rest, kind, old, now);
  }
}

function addLeaf(
  { adds, deletes, updates }: Changes,
  key: string | number,
  kind: string,
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
): void {
  if (kind === "add") adds.set(key, now === undefined ? new Computed() : now);
  else if (kind === "delete") deletes.set(key, old === undefined ? new Computed() : old);
  else updates.set(key, diffValues(old, now));
}

/** A part of a value; what is inside a secret or unknown one nobody can tell apart from it. */
function childOf(key: string | number, value: PropertyValue | undefined): PropertyValue | undefined {
  if (value === undefined) return undefined;
  if (isSpecial(value)) return value;
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
