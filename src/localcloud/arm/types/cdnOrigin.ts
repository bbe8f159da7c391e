import { unsupported } from "../armError.ts";
import { referencedIds, text } from "../armResource.ts";
import type { ArmType, PutCall } from "../armType.ts";
import { words } from "../shape.ts";
import {
  badRequest,
  CDN_API_VERSIONS,
  CDN_NAME,
  CDN_READ_ONLY,
  ORIGIN_GROUP_TYPE,
  ORIGIN_TYPE,
  profileIdOf,
  ROUTE_TYPE,
  refuseAboveLimit,
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
      probeIntervalInSeconds: "number",
    },
    sessionAffinityState: words("Enabled", "Disabled"),
    trafficRestorationTimeToHealedOrNewEndpointsInMinutes: "number",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
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
    const routes = site.state.ofType(ROUTE_TYPE, profileIdOf(resource.id));
    const user = routes.find(
      ({ properties }) =>
        text(properties.originGroup as never, "id")?.toLowerCase() === resource.id.toLowerCase(),
    );
    if (user !== undefined)
      throw badRequest(
        `The origin group '${resource.name}' cannot be deleted: the route '${user.name}' uses it.`,
      );
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
    httpPort: "number",
    httpsPort: "number",
    priority: "number",
    weight: "number",
    enabledState: words("Enabled", "Disabled"),
    enforceCertificateNameCheck: "boolean",
    originGroupName: "readOnly",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  put: (call) => {
    refuseManyOrigins(call);
    return {
      properties: {
        httpPort: 80,
        httpsPort: 443,
        priority: 1,
        weight: 1000,
        enabledState: "Enabled",
        enforceCertificateNameCheck: true,
        ...call.properties,
        originGroupName: call.id.names[1] ?? "",
        deploymentStatus: "NotStarted",
      },
    };
  },
};

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
