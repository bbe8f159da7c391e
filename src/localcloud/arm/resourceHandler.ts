import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ArmError, groupNotFound, resourceNotFound } from "./armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap, member } from "./armResource.ts";
import type { ArmType, Put, Site, StoredCall } from "./armType.ts";
import type { Operations } from "./operations.ts";
import { formatId, type ResourceId } from "./resourceId.ts";
import { fitShape } from "./shape.ts";

/** One request for one resource of a known type. */
export interface ResourceCall {
  readonly site: Site;
  readonly operations: Operations;
  readonly type: ArmType;
  readonly id: ResourceId;
  readonly body: Json;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** What is answered; `operation` when the work goes on after it. */
export interface ResourceAnswer {
  readonly status: number;
  readonly body?: Json;
  readonly operation?: string;
}

/** GET of one resource. */
export function getResource(call: ResourceCall): ResourceAnswer {
  return { status: 200, body: present(call, find(call)) };
}

/** PUT: creates or replaces, after checking body, parent, name and preconditions. */
export function putResource(call: ResourceCall): Promise<ResourceAnswer> {
  return call.site.state.exclusively(() => {
    checkParents(call);
    return write(call, fitBody(call, call.body));
  });
}

/** PATCH: merges into the resource's old body (tags as a whole), then as PUT. */
export function patchResource(call: ResourceCall): Promise<ResourceAnswer> {
  return call.site.state.exclusively(() => {
    const existing = find(call);
    if (!isJsonMap(call.body))
      throw new ArmError(400, "InvalidRequestContent", "The request body must be an object.");
    const properties = { ...existing.properties, ...member(call.body, "properties") };
    return write(call, fitBody(call, { ...existing.envelope, ...call.body, properties }));
  });
}

/** DELETE: 204 when there is nothing, 202 while a slow one runs. */
export function deleteResource(call: ResourceCall): Promise<ResourceAnswer> {
  return call.site.state.exclusively(async () => {
    checkGroup(call);
    const resource = call.site.state.get(idOf(call));
    if (resource === undefined) return { status: 204 };
    checkPreconditions(call, resource);
    call.type.checkRemove?.({ site: call.site, resource });
    checkIdle(call, resource);
    if (!isSlow(call, call.type.remove !== undefined)) {
      await call.type.remove?.({ site: call.site, resource });
      await call.site.state.delete(resource.id);
      return { status: 200 };
    }
    await call.site.state.set(withProperties(resource, { provisioningState: "Deleting" }));
    return {
      status: 202,
      operation: call.operations.start(() => finishRemove(call.type, { site: call.site, resource })),
    };
  });
}

/** Takes up again what a restart interrupted: every resource that is still being made, changed or deleted. */
export function resumeResource(type: ArmType, call: StoredCall, operations: Operations): void {
  const state = call.resource.properties.provisioningState;
  if (state === "Deleting") operations.start(() => finishRemove(type, call));
  if (state === "Creating" || state === "Updating") operations.start(() => finishPut(type, call));
}

/** A resource as it is answered. */
export function present({ site, type }: Pick<ResourceCall, "site" | "type">, stored: ArmResource): JsonMap {
  const {
    id,
    name,
    type: typeName,
    envelope,
    properties,
    etag,
    createdAt,
    lastModifiedAt,
  } = type.view?.(site, stored) ?? stored;
  return {
    id,
    name,
    type: typeName,
    etag,
    ...envelope,
    properties,
    systemData: { createdAt, lastModifiedAt },
  };
}

interface Body {
  readonly envelope: JsonMap;
  readonly properties: JsonMap;
}

/** Envelope and properties after their shapes; `id`, `name`, `type` and `systemData` are read-only everywhere. */
function fitBody({ type }: ResourceCall, body: Json): Body {
  const readOnly = {
    id: "readOnly",
    name: "readOnly",
    type: "readOnly",
    etag: "readOnly",
    systemData: "readOnly",
  } as const;
  const key = type.isPropertiesRequired ? "properties!" : "properties";
  const { properties = {}, ...envelope } = fitShape(body, {
    ...type.envelope,
    ...readOnly,
    [key]: type.properties,
  }) as JsonMap;
  return { envelope, properties: properties as JsonMap };
}

async function write(call: ResourceCall, { envelope, properties }: Body): Promise<ResourceAnswer> {
  const { site, type, id } = call;
  const existing = site.state.get(idOf(call));
  checkPreconditions(call, existing);
  checkIdle(call, existing);
  const formattedId = existing?.id ?? idOf(call);
  const put = await type.put({ site, id, formattedId, envelope, properties, existing });
  const resource = resourceOf(call, formattedId, { envelope, ...put }, existing);
  const status = existing === undefined ? 201 : 200;
  if (!isSlow(call, type.finish !== undefined)) {
    await site.state.set(resource);
    return { status, body: present(call, resource) };
  }
  const waiting = withProperties(resource, {
    provisioningState: existing === undefined ? "Creating" : "Updating",
  });
  await site.state.set(waiting);
  const operation = call.operations.start(() => finishPut(type, { site, resource: waiting }));
  return { status, body: present(call, waiting), operation };
}

async function finishPut(type: ArmType, call: StoredCall): Promise<void> {
  const { site, resource } = call;
  await sleep(site.settings.operationDelayMs);
  try {
    const properties = (await type.finish?.(call)) ?? {};
    await site.state.set(withProperties(resource, { ...properties, provisioningState: "Succeeded" }));
  } catch (error) {
    await site.state.set(withProperties(resource, { provisioningState: "Failed" }));
    throw error;
  }
}

async function finishRemove(type: ArmType, call: StoredCall): Promise<void> {
  const { site, resource } = call;
  await sleep(site.settings.operationDelayMs);
  try {
    await type.remove?.(call);
    await site.state.delete(resource.id);
  } catch (error) {
    await site.state.set(withProperties(resource, { provisioningState: "Failed" }));
    throw error;
  }
}

function resourceOf(
  call: ResourceCall,
  id: string,
  put: Put,
  existing: ArmResource | undefined,
): ArmResource {
  const now = new Date(call.site.now()).toISOString();
  return {
    id,
    name: existing?.name ?? call.id.names.at(-1) ?? "",
    type: call.type.type,
    envelope: put.envelope ?? {},
    properties: call.type.isAsync ? { ...put.properties, provisioningState: "Succeeded" } : put.properties,
    hidden: put.hidden ?? existing?.hidden ?? {},
    etag: randomUUID(),
    createdAt: existing?.createdAt ?? now,
    lastModifiedAt: now,
  };
}

function withProperties(resource: ArmResource, properties: JsonMap): ArmResource {
  return { ...resource, properties: { ...resource.properties, ...properties } };
}

/** Work that takes time, or a setting that says so for every long-running type. */
function isSlow({ site, type }: ResourceCall, hasWork: boolean): boolean {
  return type.isAsync && (hasWork || site.settings.operationDelayMs > 0);
}

/** Azure refuses a second change while one is under way. */
function checkIdle({ id }: ResourceCall, existing: ArmResource | undefined): void {
  const state = existing?.properties.provisioningState;
  if (state !== "Creating" && state !== "Updating" && state !== "Deleting") return;
  const message = `The resource '${id.names.join("/")}' is busy (${state}); try again when that is done.`;
  throw new ArmError(409, "AnotherOperationInProgress", message);
}

function idOf({ id, type }: ResourceCall): string {
  return formatId(id.subscriptionId, id.group, type.type, id.names);
}

function find(call: ResourceCall): ArmResource {
  checkGroup(call);
  const found = call.site.state.get(idOf(call));
  if (found !== undefined) return found;
  if (call.type.type === "Microsoft.Resources/resourceGroups") throw groupNotFound(call.id.group);
  throw resourceNotFound(call.type.type, call.id.names.join("/"), call.id.group);
}

function checkGroup({ site, type, id }: ResourceCall): void {
  if (type.type === "Microsoft.Resources/resourceGroups") return;
  const group = formatId(id.subscriptionId, id.group, "Microsoft.Resources/resourceGroups", []);
  if (site.state.get(group) === undefined) throw groupNotFound(id.group);
}

/** Name, group, and every resource on the way down to this one. */
function checkParents(call: ResourceCall): void {
  const { site, type, id } = call;
  checkGroup(call);
  const name = id.names.at(-1) ?? "";
  if (!type.name.pattern.test(name)) {
    throw new ArmError(
      400,
      "InvalidResourceName",
      `The name '${name}' of a ${type.type} is not allowed: ${type.name.rule}.`,
    );
  }
  const segments = type.type.split("/");
  for (let depth = 1; depth < id.names.length; depth += 1) {
    const parentType = segments.slice(0, depth + 1).join("/");
    const parent = formatId(id.subscriptionId, id.group, parentType, id.names.slice(0, depth));
    if (site.state.get(parent) !== undefined) continue;
    throw new ArmError(
      404,
      "ParentResourceNotFound",
      `Failed to perform '${type.type}/write': the parent resource '${parent}' was not found.`,
    );
  }
}

function checkPreconditions(
  { ifMatch, ifNoneMatch, id }: ResourceCall,
  existing: ArmResource | undefined,
): void {
  const name = id.names.join("/");
  if (ifNoneMatch === "*" && existing !== undefined) {
    throw new ArmError(412, "PreconditionFailed", `The resource '${name}' exists already (if-none-match).`);
  }
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== existing?.etag) {
    throw new ArmError(412, "PreconditionFailed", `The etag of '${name}' is not '${ifMatch}' (if-match).`);
  }
}
