import { ArmError } from "./armError.ts";

/** A parsed ARM id: of a resource, or of a collection when the last name is missing. */
export interface ResourceId {
  readonly subscriptionId: string;
  readonly group: string;
  /** `Microsoft.Cdn/profiles/routes`, in the caller's case. */
  readonly type: string;
  /** One per type segment; one fewer for a collection. */
  readonly names: readonly string[];
  readonly isCollection: boolean;
}

const GROUP_TYPE = "Microsoft.Resources/resourceGroups";

/** Parses `/subscriptions/…/resourceGroups/…[/providers/…]`. Throws `InvalidRequestUri` otherwise. */
export function parseId(path: string): ResourceId {
  const [first, subscriptionId, second, group, third, namespace, ...rest] = path
    .split("/")
    .slice(1)
    .map(decodeURIComponent);
  const isGroupPath =
    same(first, "subscriptions") && same(second, "resourceGroups") && subscriptionId !== undefined;
  if (!isGroupPath) throw badUri(path);
  const base = { subscriptionId, group: group ?? "" };
  if (third === undefined) {
    const names = group === undefined || group === "" ? [] : [group];
    return { ...base, type: GROUP_TYPE, names, isCollection: names.length === 0 };
  }
  if (!same(third, "providers") || namespace === undefined || rest.length === 0) throw badUri(path);
  const types = rest.filter((_, index) => index % 2 === 0);
  const names = rest.filter((_, index) => index % 2 === 1);
  return { ...base, type: [namespace, ...types].join("/"), names, isCollection: rest.length % 2 === 1 };
}

/** The id as Resource Manager spells it, from a type in Microsoft's case. */
export function formatId(
  subscriptionId: string,
  group: string,
  type: string,
  names: readonly string[],
): string {
  const base = `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
  if (type === GROUP_TYPE) return base;
  const [namespace, ...segments] = type.split("/");
  const pairs = segments.map((segment, index) => `/${segment}/${names[index] ?? ""}`);
  return `${base}/providers/${namespace}${pairs.join("")}`;
}

/** Ids are the same whatever their case. */
export function idKey(id: string): string {
  return id.toLowerCase();
}

function same(segment: string | undefined, word: string): boolean {
  return segment?.toLowerCase() === word.toLowerCase();
}

function badUri(path: string): ArmError {
  return new ArmError(
    400,
    "InvalidRequestUri",
    `The request URI '${path}' is not one the local cloud knows.`,
  );
}
