/** JSON as bodies and state carry it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

/** One resource as the local cloud keeps it. */
export interface ArmResource {
  /** In Microsoft's case and the creator's names. */
  readonly id: string;
  readonly name: string;
  /** `Microsoft.Cdn/profiles/routes`. */
  readonly type: string;
  /** Top-level members beside properties: location, tags, sku, kind, … */
  readonly envelope: JsonMap;
  readonly properties: JsonMap;
  /** Never answered: what only the service knows, e.g. a password or when a domain was approved. */
  readonly hidden: JsonMap;
  readonly etag: string;
  readonly createdAt: string;
  readonly lastModifiedAt: string;
}

/** True for an object, false for arrays and scalars. */
export function isJsonMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is a string, else undefined. */
export function text(map: JsonMap | undefined, key: string): string | undefined {
  const value = map?.[key];
  return typeof value === "string" ? value : undefined;
}

/** A member that is an object, else an empty one. */
export function member(map: JsonMap | undefined, key: string): JsonMap {
  const value = map?.[key];
  return isJsonMap(value) ? value : {};
}

/** A member that is a list of `{id}` references: their ids. */
export function referencedIds(map: JsonMap, key: string): readonly string[] {
  const value = map[key];
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  return items.flatMap((item) => (isJsonMap(item) && typeof item.id === "string" ? [item.id] : []));
}
