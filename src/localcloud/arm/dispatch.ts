import { ArmError, unsupported } from "./armError.ts";
import type { Json } from "./armResource.ts";
import type { ArmType, Site } from "./armType.ts";
import { armType } from "./armTypes.ts";
import { answerDeletedVaults, isDeletedVaultPath } from "./deletedVaults.ts";
import { listResources } from "./listResources.ts";
import type { Operations } from "./operations.ts";
import { checkKnownParameters, checkVersion } from "./requestChecks.ts";
import { actionOf, startAction } from "./resourceAction.ts";
import {
  deleteResource,
  getResource,
  headResource,
  patchResource,
  putResource,
  type ResourceAnswer,
} from "./resourceHandler.ts";
import { badUri, GROUP_TYPE, parseId } from "./resourceId.ts";
import { CDN_API_VERSIONS } from "./types/cdnShared.ts";
import { asksUsages, listUsages } from "./types/cdnUsage.ts";

/** One authenticated request. */
export interface ArmRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: Json;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

const VERBS = {
  GET: getResource,
  HEAD: headResource,
  PUT: putResource,
  PATCH: patchResource,
  DELETE: deleteResource,
} as const;
const OPERATION = /\/providers\/Microsoft\.Resources\/(operationStatuses|operationResults)\/([^/]+)$/i;
/** What a group's DELETE may be told to force; the local cloud has no resources of these types. */
const FORCED_TYPES = ["microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets"];

/** Answers one request. Throws ArmError to refuse. */
export async function dispatch(
  site: Site,
  operations: Operations,
  request: ArmRequest,
): Promise<ResourceAnswer> {
  const { method, url, body, ifMatch, ifNoneMatch } = request;
  const apiVersion = requiredVersion(url);
  const polled = pollOperation(operations, url.pathname);
  if (polled !== undefined) return polled;
  const id = parseId(url.pathname);
  const action = method === "POST" ? actionOf(id) : undefined;
  if (action !== undefined) {
    checkVersion(action.type.type, action.type.apiVersions, apiVersion);
    checkKnownParameters(url, [], `POST of ${action.type.type}`);
    return startAction(site, operations, action, body);
  }
  if (asksUsages(id, method)) {
    checkVersion(id.type, CDN_API_VERSIONS, apiVersion);
    checkKnownParameters(url, [], `POST of ${id.type}`);
    return { status: 200, body: listUsages(site, id) };
  }
  if (isDeletedVaultPath(id)) return answerDeletedVaults({ site, operations, id, method, url, apiVersion });
  if (id.isCollection) return listResources({ site, id, method, url, apiVersion });
  if (id.group === "") throw badUri(url.pathname);
  const type = armType(id.type);
  checkVersion(type.type, type.apiVersions, apiVersion);
  const verb = VERBS[method as keyof typeof VERBS];
  if (verb === undefined) throw unsupported(`The local cloud does not answer ${method} for ${type.type}.`);
  checkParameters(type, method, url);
  return verb({ site, operations, type, id, apiVersion, body, ifMatch, ifNoneMatch });
}

function requiredVersion(url: URL): string {
  const version = url.searchParams.get("api-version");
  if (version !== null && version !== "") return version;
  throw new ArmError(
    400,
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );
}

function pollOperation(operations: Operations, path: string): ResourceAnswer | undefined {
  const [, kind, id] = OPERATION.exec(path) ?? [];
  if (kind === undefined || id === undefined) return undefined;
  if (kind.toLowerCase() === "operationresults")
    return operations.result(id) ?? { status: 202, location: id };
  const { isDone, body } = operations.status(id);
  return { status: isDone ? 200 : 202, body };
}

function checkParameters({ type }: ArmType, method: string, url: URL): void {
  const isGroupDelete = type === GROUP_TYPE && method === "DELETE";
  checkKnownParameters(url, isGroupDelete ? ["forceDeletionTypes"] : [], `${method} of ${type}`);
  const forced = url.searchParams.get("forceDeletionTypes")?.split(",") ?? [];
  const unknown = forced.find((each) => !FORCED_TYPES.includes(each.trim().toLowerCase()));
  if (unknown !== undefined) throw unsupported(`The type '${unknown}' cannot be force-deleted.`);
}
