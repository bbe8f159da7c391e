import { unsupported } from "../armError.ts";
import { type ArmResource, type JsonMap, member, referencedIds, text } from "../armResource.ts";
import type { ArmType, PutCall, Site } from "../armType.ts";
import { range, words } from "../shape.ts";
import {
  badRequest,
  CDN_API_VERSIONS,
  CDN_NAME,
  CDN_READ_ONLY,
  cdnBusy,
  ORIGIN_GROUP_TYPE,
  ORIGIN_TYPE,
  profileIdOf,
  ROUTE_TYPE,
  refuseAboveLimit,
  stillOnRoute,
} from "./cdnShared.ts";

/** A group of origins that a route leads to. */
export const cdnOriginGroup: ArmType = {
  type: ORIGIN_GROUP_TYPE,
  apiVersions: CDN_API_VERSIONS,
  name: CDN_NAME,
  envelope: {},
  properties: {
    loadBalancingSettings: {
      sampleSize: "number",
      successfulSamplesRequired: "number",
      additionalLatencyInMilliseconds: "number",
    },
    healthProbeSettings: {
      probePath: "string",
      probeProtocol: words("NotSet", "Http", "Https"),
      probeRequestType: words("NotSet", "GET", "HEAD"),
      probeIntervalInSeconds: range(1, 255),
    },
    sessionAffinityState: words("Enabled", "Disabled"),
    trafficRestorationTimeToHealedOrNewEndpointsInMinutes: "number",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  busy: cdnBusy,
  put: ({ site, properties, id, formattedId, existing }) => {
    if (existing === undefined) refuseAboveLimit(site, formattedId, "originGroups");
    if (properties.sessionAffinityState === "Enabled")
      throw unsupported(
        "The local cloud's Front Door has no session affinity: 'sessionAffinityState' must be 'Disabled'.",
      );
    return {
      properties: {
        sessionAffinityState: "Disabled",
        ...properties,
        profileName: id.names[0] ?? "",
        deploymentStatus: "NotStarted",
      },
    };
  },
  checkRemove: ({ site, resource }) => {
    if (isOnRoute(site, resource.id)) throw stillOnRoute();
    const [origin] = site.state.below(resource.id);
    if (origin !== undefined)
      throw badRequest(
        `The origin group '${resource.name}' cannot be deleted: the origin '${origin.name}' is still in it.`,
      );
  },
};

/** One origin of a group. */
export const cdnOrigin: ArmType = {
  type: ORIGIN_TYPE,
  apiVersions: CDN_API_VERSIONS,
  name: CDN_NAME,
  envelope: {},
  properties: {
    "hostName!": "string",
    originHostHeader: "string",
    httpPort: range(1, 65_535),
    httpsPort: range(1, 65_535),
    priority: range(1, 5),
    weight: range(1, 1000),
    enabledState: words("Enabled", "Disabled"),
    enforceCertificateNameCheck: "boolean",
    originGroupName: "readOnly",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  busy: cdnBusy,
  put: (call) => {
    const { site, properties, id, formattedId, existing } = call;
    refuseManyOrigins(call);
    if (existing !== undefined && properties.enabledState === "Disabled") refuseLast(site, formattedId);
    return { properties: originProperties(properties, id.names[1] ?? "") };
  },
  checkRemove: ({ site, resource }) => refuseLast(site, resource.id),
};

function originProperties(properties: JsonMap, originGroupName: string): JsonMap {
  return {
    httpPort: 80,
    httpsPort: 443,
    priority: 1,
    weight: 1000,
    enabledState: "Enabled",
    enforceCertificateNameCheck: true,
    ...properties,
    originGroupName,
    deploymentStatus: "NotStarted",
  };
}

/** A group that a route leads to keeps an enabled origin. */
function refuseLast(site: Site, originId: string): void {
  const groupId = originId.split("/").slice(0, -2).join("/");
  const others = enabledOrigins(site, groupId).filter(
    ({ id }) => id.toLowerCase() !== originId.toLowerCase(),
  );
  if (others.length > 0 || !isOnRoute(site, groupId)) return;
  throw badRequest(
    "Cannot disable or delete the last origin when the origin group is still associated with a route or a rule. Please disassociate the origin group and try again.",
  );
}

/** Origins of a group that a route can lead to. */
export function enabledOrigins({ state }: Site, groupId: string): readonly ArmResource[] {
  return state.ofType(ORIGIN_TYPE, groupId).filter(({ properties }) => properties.enabledState === "Enabled");
}

function isOnRoute({ state }: Site, groupId: string): boolean {
  return state
    .ofType(ROUTE_TYPE, profileIdOf(groupId))
    .some(
      ({ properties }) =>
        text(member(properties, "originGroup"), "id")?.toLowerCase() === groupId.toLowerCase(),
    );
}

/** "Maximum origins per origin group" of Azure's limits page, whatever the SKU. */
const MAX_ORIGINS = 50;

function refuseManyOrigins({ site, id, formattedId, existing }: PutCall): void {
  if (existing !== undefined) return;
  refuseAboveLimit(site, formattedId, "origins");
  const groupId = formattedId.split("/").slice(0, -2).join("/");
  if (site.state.ofType(ORIGIN_TYPE, groupId).length < MAX_ORIGINS) return;
  throw badRequest(
    `The maximum number of origins (${MAX_ORIGINS}) of the origin group '${id.names[1]}' is reached.`,
  );
}

/** Ids of the custom domains a route serves. */
export function domainsOf(route: {
  readonly properties: Parameters<typeof referencedIds>[0];
}): readonly string[] {
  return referencedIds(route.properties, "customDomains");
}
