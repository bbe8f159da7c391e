import { randomUUID } from "node:crypto";
import { ArmError } from "./armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap } from "./armResource.ts";
import type { ArmType, Put, Site } from "./armType.ts";
import { finishPut, finishRemove, withProperties } from "./lifecycle.ts";
import type { Operations } from "./operations.ts";
import {
  checkGroup,
  checkGroupStays,
  checkIdle,
  checkLocation,
  checkParents,
  checkPreconditions,
  findResource,
  idOf,
  lookUp,
} from "./resourceChecks.ts";
import { GROUP_TYPE, type ResourceId } from "./resourceId.ts";
import { fitShape, type Members, mergeShape } from "./shape.ts";

/** One request for one resource of a known type. */
export interface ResourceCall {
  readonly site: Site;
  readonly operations: Operations;
  readonly type: ArmType;
  readonly id: ResourceId;
  readonly apiVersion: string;
  readonly body: Json;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** What is answered. */
export interface ResourceAnswer {
  readonly status: number;
  readonly body?: Json;
  /** Operation behind it whose status is polled (`Azure-AsyncOperation`). */
  readonly operation?: string;
  /** Operation behind it whose result is polled (`Location`). */
  readonly location?: string;
}

/** GET of one resource. */
export function getResource(call: ResourceCall): ResourceAnswer {
  return { status: 200, body: present(call, findResource(call)) };
}

/** HEAD: 204 when it is there, 404 without a body when it isn't. */
export function headResource(call: ResourceCall): ResourceAnswer {
  return { status: lookUp(call) === undefined ? 404 : 204 };
}

/** PUT: creates or replaces, after checking body, parent, name and preconditions. */
export function putResource(call: ResourceCall): Promise<ResourceAnswer> {
  return call.site.state.exclusively(() => {
    checkParents(call);
    return write(call, fitBody(call, call.body));
  });
}

/** PATCH: merges into the resource's old body, member by member (lists and tags as a whole), then as PUT. */
export function patchResource(call: ResourceCall): Promise<ResourceAnswer> {
  return call.site.state.exclusively(() => {
    const { envelope, properties } = findResource(call);
    if (!isJsonMap(call.body))
      throw new ArmError(400, "InvalidRequestContent", "The request body must be an object.");
    return write(call, fitBody(call, mergeShape({ ...envelope, properties }, call.body, bodyShape(call))));
  });
}

/** DELETE: 204 when there is nothing, 202 while a slow one runs. */
export function deleteResource(call: ResourceCall): Promise<ResourceAnswer> {
  const { site, type, operations } = call;
  return site.state.exclusively(async () => {
    checkGroup(call);
    const resource = lookUp(call);
    if (resource === undefined) return { status: 204 };
    checkPreconditions(call, resource);
    checkIdle(call, resource);
    type.checkRemove?.({ site, resource });
    if (!isSlow(call, type.remove !== undefined)) {
      await type.remove?.({ site, resource });
      await site.state.delete(resource.id);
      return { status: 200 };
    }
    await site.state.set(withProperties(resource, { provisioningState: "Deleting" }));
    const operation = operations.start(() => finishRemove(type, { site, resource }));
    return { status: 202, ...pollsOf(type, operation) };
  });
}

/** A resource as it is answered. */
export function present({ site, type }: Pick<ResourceCall, "site" | "type">, stored: ArmResource): JsonMap {
  const shown = type.view?.(site, stored) ?? stored;
  const { id, name, envelope, properties, etag, createdAt, lastModifiedAt } = shown;
  return {
    id,
    name,
    type: shown.type,
    ...(type.hasEtag === true ? { etag } : {}),
    ...envelope,
    properties,
    systemData: { createdAt, lastModifiedAt },
  };
}

interface Body {
  readonly envelope: JsonMap;
  readonly properties: JsonMap;
}

/** What a body may hold; `id`, `name`, `type` and `systemData` are read-only everywhere. */
function bodyShape({ type }: ResourceCall): Members {
  return {
    ...type.envelope,
    id: "readOnly",
    name: "readOnly",
    type: "readOnly",
    etag: "readOnly",
    systemData: "readOnly",
    [type.isPropertiesRequired ? "properties!" : "properties"]: type.properties,
  };
}

/** Envelope and properties after their shapes. */
function fitBody(call: ResourceCall, body: Json): Body {
  const { properties = {}, ...envelope } = fitShape(body, bodyShape(call)) as JsonMap;
  return { envelope, properties: properties as JsonMap };
}

async function write(call: ResourceCall, { envelope, properties }: Body): Promise<ResourceAnswer> {
  const { site, type, id, apiVersion } = call;
  const existing = site.state.get(idOf(call));
  checkPreconditions(call, existing);
  checkGroupStays(call);
  checkIdle(call, existing);
  if (type.type !== GROUP_TYPE) checkLocation(call, existing, envelope);
  const formattedId = existing?.id ?? idOf(call);
  const put = await type.put({ site, id, apiVersion, formattedId, envelope, properties, existing });
  const resource = resourceOf(call, formattedId, { envelope, ...put }, existing);
  const status = existing === undefined ? 201 : 200;
  if (type.isPutSynchronous === true || !isSlow(call, type.finish !== undefined)) {
    await site.state.set(resource);
    return { status, body: present(call, resource) };
  }
  const waiting = withProperties(resource, {
    provisioningState: existing === undefined ? "Creating" : "Updating",
  });
  await site.state.set(waiting);
  const operation = call.operations.start(
    () => finishPut(type, { site, resource: waiting }),
    () => getResource(call),
  );
  return { status, body: present(call, waiting), ...pollsOf(type, operation) };
}

function pollsOf({ hasLocation }: ArmType, operation: string): Partial<ResourceAnswer> {
  return hasLocation === true ? { operation, location: operation } : { operation };
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

/** Work that takes time, or a setting that says so for every long-running type. */
function isSlow({ site, type }: ResourceCall, hasWork: boolean): boolean {
  return type.isAsync && (hasWork || site.settings.operationDelayMs > 0);
}
