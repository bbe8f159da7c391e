import { ArmError } from "./armError.ts";

/** A parsed ARM id: of a resource, or of a collection when the last name is missing. */
export interface ResourceId {
  readonly subscriptionId: string;
  /** Empty for what stands under the subscription itself, e.g. a list of every group's vaults. */
  readonly group: string;
  /** `Microsoft.Cdn/profiles/routes`, in the caller's case. */
  readonly type: string;
  /** One per type segment; one fewer for a collection. */
  readonly names: readonly string[];
  readonly isCollection: boolean;
}

export const GROUP_TYPE = "Microsoft.Resources/resourceGroups";
/** The list of resources of every type: `/subscriptions/…[/resourceGroups/…]/resources`. */
export const RESOURCES_TYPE = "Microsoft.Resources/resources";

/** Parses `/subscriptions/…[/resourceGroups/…][/providers/…]`. Throws `InvalidRequestUri` otherwise. */
export function parseId(path: string): ResourceId {
  const [first, subscriptionId, ...rest] = path
    .split("/")
    .slice(1)
    .map((segment) => decoded(path, segment));
  if (!same(first, "subscriptions") || subscriptionId === undefined) throw badUri(path);
  if (!same(rest[0], "resourceGroups")) return parseInside(path, { subscriptionId, group: "" }, rest);
  const group = rest[1] ?? "";
  if (rest.length > 2) return parseInside(path, { subscriptionId, group }, rest.slice(2));
  const names = group === "" ? [] : [group];
  return { subscriptionId, group, type: GROUP_TYPE, names, isCollection: names.length === 0 };
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

/** 400 for a path that means nothing here. */
export function badUri(path: string): ArmError {
  return new ArmError(
    400,
    "InvalidRequestUri",
    `The request URI '${path}' is not one the local cloud knows.`,
  );
}

/** One segment's text. A slash inside it would make an id that means another resource than the path says. */
function decoded(path: string, segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    if (!text.includes("/")) return text;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw badUri(path);
}

function parseInside(
  path: string,
  scope: Pick<ResourceId, "group" | "subscriptionId">,
  [first, namespace, ...rest]: readonly string[],
): ResourceId {
  if (same(first, "resources") && namespace === undefined) {
    return { ...scope, type: RESOURCES_TYPE, names: [], isCollection: true };
  }
  if (!same(first, "providers") || namespace === undefined || rest.length === 0) throw badUri(path);
  const types = rest.filter((_, index) => index % 2 === 0);
  const names = rest.filter((_, index) => index % 2 === 1);
  return { ...scope, type: [namespace, ...types].join("/"), names, isCollection: rest.length % 2 === 1 };
}

function same(segment: string | undefined, word: string): boolean {
  return segment?.toLowerCase() === word.toLowerCase();
}
