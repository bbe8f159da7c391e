import { referencedIds, text } from "../armResource.ts";
import type { ArmType } from "../armType.ts";
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
  put: ({ properties, id }) => ({
    properties: {
      sessionAffinityState: "Disabled",
      ...properties,
      profileName: id.names[0] ?? "",
      deploymentStatus: "NotStarted",
    },
  }),
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
  put: ({ properties, id }) => ({
    properties: {
      httpPort: 80,
      httpsPort: 443,
      priority: 1,
      weight: 1000,
      enabledState: "Enabled",
      enforceCertificateNameCheck: true,
      ...properties,
      originGroupName: id.names[1] ?? "",
      deploymentStatus: "NotStarted",
    },
  }),
};

/** Ids of the custom domains a route serves. */
export function domainsOf(route: {
  readonly properties: Parameters<typeof referencedIds>[0];
}): readonly string[] {
  return referencedIds(route.properties, "customDomains");
}
