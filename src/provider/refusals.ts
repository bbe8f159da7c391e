import { isKnown, type Properties } from "./protocol/wire.ts";
import type { AnyResourceType, Refusal } from "./resource.ts";

/** What an entry calls the inputs that derive from its fields. */
const ENTRY_WORDS: Readonly<Record<string, string>> = { databaseName: "database", slug: "file name" };

/** Refuses every change of a property that its type calls immutable. Pure. */
export function refuseImmutable(
  type: AnyResourceType,
  news: Properties,
  olds: Properties | undefined,
): readonly Refusal[] {
  if (olds === undefined) return [];
  const whose = typeof olds.slug === "string" ? `Tenant '${olds.slug}': ` : "";
  return (type.immutable ?? [])
    .filter((key) => olds[key] !== undefined && isKnown(news[key]) && news[key] !== olds[key])
    .map((key) => {
      const values = `it is '${String(olds[key])}'; got '${String(news[key])}'`;
      return {
        property: key,
        reason: `E_IMMUTABLE: ${whose}'${ENTRY_WORDS[key] ?? key}' never changes: ${values}. Set it back.`,
      };
    });
}
