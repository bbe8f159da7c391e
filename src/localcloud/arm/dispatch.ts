import { ArmError, groupNotFound, unsupported } from "./armError.ts";
import type { Json } from "./armResource.ts";
import type { Site } from "./armType.ts";
import { armType } from "./armTypes.ts";
import type { Operations } from "./operations.ts";
import { actionOf, startAction } from "./resourceAction.ts";
import {
  deleteResource,
  getResource,
  patchResource,
  present,
  putResource,
  type ResourceAnswer,
} from "./resourceHandler.ts";
import { formatId, parseId, type ResourceId } from "./resourceId.ts";
import { ZONE_TYPE } from "./types/dns.ts";

/** One authenticated request. */
export interface ArmRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: Json;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

const VERBS = { GET: getResource, PUT: putResource, PATCH: patchResource, DELETE: deleteResource } as const;
const OPERATION = /\/providers\/Microsoft\.Resources\/operationStatuses\/([^/]+)$/i;

/** Path under which an operation is polled. */
export function operationPath(id: string): string {
  return `/providers/Microsoft.Resources/operationStatuses/${id}?api-version=2024-03-01`;
}

/** Answers one request. Throws ArmError to refuse. */
export async function dispatch(
  site: Site,
  operations: Operations,
  request: ArmRequest,
): Promise<ResourceAnswer> {
  const version = request.url.searchParams.get("api-version");
  if (version === null || version === "") {
    throw new ArmError(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    );
  }
  const operation = OPERATION.exec(request.url.pathname)?.[1];
  if (operation !== undefined) return pollOperation(operations, operation);
  const id = parseId(request.url.pathname);
  const action = request.method === "POST" ? actionOf(id) : undefined;
  if (action !== undefined) {
    checkVersion({ ...id, type: action.type.type }, version);
    return startAction(site, operations, action, request.body);
  }
  if (id.isCollection) return listResources(site, id, request.method, version);
  const type = armType(id.type);
  checkVersion(id, version);
  const verb = VERBS[request.method as keyof typeof VERBS];
  if (verb === undefined)
    throw unsupported(`The local cloud does not answer ${request.method} for ${type.type}.`);
  const { body, ifMatch, ifNoneMatch } = request;
  return verb({ site, operations, type, id, body, ifMatch, ifNoneMatch });
}

function pollOperation(operations: Operations, id: string): ResourceAnswer {
  const { isDone, body } = operations.status(id);
  return { status: isDone ? 200 : 202, body: body as Json };
}

function listResources(site: Site, id: ResourceId, method: string, version: string): ResourceAnswer {
  if (method !== "GET")
    throw unsupported(`The local cloud does not answer ${method} for a list of ${id.type}.`);
  const names = collectionTypes(id);
  const parentType = id.type.split("/").slice(0, -1).join("/");
  const isTopLevel = id.names.length === 0;
  const group = formatId(id.subscriptionId, id.group, GROUP_TYPE, []);
  if (id.group !== "" && site.state.get(group) === undefined) throw groupNotFound(id.group);
  const parent = isTopLevel ? group : formatId(id.subscriptionId, id.group, parentType, id.names);
  const types = names.map(armType);
  for (const { type } of types) checkVersion({ ...id, type }, version);
  const below = id.type === GROUP_TYPE ? "" : parent;
  const value = types.flatMap((type) =>
    site.state.ofType(type.type, below).map((each) => present({ site, type }, each)),
  );
  return { status: 200, body: { value } };
}

const GROUP_TYPE = "Microsoft.Resources/resourceGroups";
const ALL_RECORD_SETS = ["recordsets", "all"].map((word) => `${ZONE_TYPE}/${word}`);

/** A collection's type; `recordsets` and `all` of a zone mean every record type there is. */
function collectionTypes({ type }: ResourceId): readonly string[] {
  const isEvery = ALL_RECORD_SETS.some((each) => each.toLowerCase() === type.toLowerCase());
  return isEvery ? ["A", "CNAME", "TXT"].map((record) => `${ZONE_TYPE}/${record}`) : [type];
}

function checkVersion({ type }: ResourceId, version: string): void {
  const { apiVersions } = armType(type);
  if (apiVersions.includes(version)) return;
  const supported = apiVersions.map((each) => `'${each}'`).join(", ");
  const message = `The api-version '${version}' is not supported for '${type}'; the local cloud has ${supported}.`;
  throw new ArmError(400, "InvalidApiVersionParameter", message);
}
