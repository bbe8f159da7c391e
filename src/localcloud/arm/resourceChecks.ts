import { ArmError, groupBeingDeleted, groupNotFound, parentNotFound, resourceNotFound } from "./armError.ts";
import { type ArmResource, type JsonMap, text } from "./armResource.ts";
import { unfinishedState } from "./lifecycle.ts";
import { plainLocation } from "./location.ts";
import type { ResourceCall } from "./resourceHandler.ts";
import { formatId, GROUP_TYPE, idKey } from "./resourceId.ts";

/** Id of the called resource in Microsoft's case and the caller's names. */
export function idOf({ id, type }: ResourceCall): string {
  return formatId(id.subscriptionId, id.group, type.type, id.names);
}

/** The called resource, stored or computed; undefined when there is none. */
export function lookUp(call: ResourceCall): ArmResource | undefined {
  const { site, type } = call;
  const id = idOf(call);
  const stored = site.state.get(id);
  if (stored !== undefined || type.computed === undefined) return stored;
  const parentId = id.split("/").slice(0, -2).join("/");
  return type.computed(site, parentId).find((each) => idKey(each.id) === idKey(id));
}

/** The called resource. Throws 404 for its group or itself. */
export function findResource(call: ResourceCall): ArmResource {
  checkGroup(call);
  const found = lookUp(call);
  if (found !== undefined) return found;
  if (call.type.type === GROUP_TYPE) throw groupNotFound(call.id.group);
  throw resourceNotFound(call.type.type, call.id.names.join("/"), call.id.group);
}

/** Throws 404 for a missing group. */
export function checkGroup(call: ResourceCall): void {
  if (call.type.type !== GROUP_TYPE && groupOf(call) === undefined) throw groupNotFound(call.id.group);
}

/** Throws 409 for a change in a group that is being deleted. */
export function checkGroupStays(call: ResourceCall): void {
  const group = groupOf(call);
  if (group !== undefined && unfinishedState(group) === "Deleting") throw groupBeingDeleted(call.id.group);
}

/** Name, group, and every resource on the way down to this one. */
export function checkParents(call: ResourceCall): void {
  const { site, type, id } = call;
  checkGroup(call);
  const name = id.names.at(-1) ?? "";
  const { pattern, rule, refusal } = type.name;
  if (!pattern.test(name)) {
    const message = `The name '${name}' of a ${type.type} is not allowed: ${rule}.`;
    throw refusal?.(name) ?? new ArmError(400, "InvalidResourceName", message);
  }
  const segments = type.type.split("/");
  for (let depth = 1; depth < id.names.length; depth += 1) {
    const parentType = segments.slice(0, depth + 1).join("/");
    const names = id.names.slice(0, depth);
    const parent = formatId(id.subscriptionId, id.group, parentType, names);
    if (site.state.get(parent) === undefined) throw parentNotFound(names.join("/"));
  }
}

/** `If-Match` and `If-None-Match`. */
export function checkPreconditions(
  { ifMatch, ifNoneMatch }: ResourceCall,
  existing: ArmResource | undefined,
): void {
  if (ifNoneMatch === "*" && existing !== undefined) throw preconditionFailed("*", "If-None-Match", "n/a");
  if (ifMatch === undefined || ifMatch === existing?.etag) return;
  if (ifMatch === "*" && existing !== undefined) return;
  throw preconditionFailed(ifMatch, "If-Match", existing?.etag ?? "n/a");
}

/** A resource stays where it was made. */
export function checkLocation(
  { id }: ResourceCall,
  existing: ArmResource | undefined,
  envelope: JsonMap,
): void {
  const [old, wanted] = [text(existing?.envelope, "location"), text(envelope, "location")];
  if (old === undefined || wanted === undefined || plainLocation(old) === plainLocation(wanted)) return;
  throw new ArmError(
    409,
    "InvalidResourceLocation",
    `The resource '${id.names.at(-1)}' already exists in location '${old}' in resource group '${id.group}'. ` +
      `A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
  );
}

/** Azure refuses a second change while one is under way. */
export function checkIdle({ id, type }: ResourceCall, existing: ArmResource | undefined): void {
  const state = existing === undefined ? undefined : unfinishedState(existing);
  if (state === undefined) return;
  const name = id.names.join("/");
  const message = `The resource '${name}' is busy (${state}); try again when that is done.`;
  throw type.busy?.(name) ?? new ArmError(409, "AnotherOperationInProgress", message);
}

function groupOf({ site, id }: ResourceCall): ArmResource | undefined {
  return site.state.get(formatId(id.subscriptionId, id.group, GROUP_TYPE, []));
}

function preconditionFailed(condition: string, header: string, current: string): ArmError {
  return new ArmError(
    412,
    "PreconditionFailed",
    `The condition '${condition}' in the ${header} header was not satisfied. The current was '${current}'.`,
  );
}
