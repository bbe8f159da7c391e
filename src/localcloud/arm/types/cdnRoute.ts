import { isJsonMap, type Json, type JsonMap, text } from "../armResource.ts";
import type { ArmType, PutCall } from "../armType.ts";
import { words } from "../shape.ts";
import { domainsOf } from "./cdnOrigin.ts";
import {
  badRequest,
  CDN_API_VERSIONS,
  CDN_NAME,
  CDN_READ_ONLY,
  DOMAIN_TYPE,
  ORIGIN_GROUP_TYPE,
  profileIdOf,
  ROUTE_TYPE,
  referenced,
  refuseAboveLimit,
} from "./cdnShared.ts";

/** A route: which domains of an endpoint lead to which origin group. */
export const cdnRoute: ArmType = {
  type: ROUTE_TYPE,
  apiVersions: CDN_API_VERSIONS,
  name: CDN_NAME,
  envelope: {},
  properties: {
    customDomains: [{ "id!": "string", isActive: "readOnly" }],
    "originGroup!": { "id!": "string" },
    patternsToMatch: [words("/*")],
    supportedProtocols: [words("Http", "Https")],
    forwardingProtocol: words("HttpOnly", "HttpsOnly", "MatchRequest"),
    httpsRedirect: words("Disabled"),
    linkToDefaultDomain: words("Enabled", "Disabled"),
    enabledState: words("Enabled", "Disabled"),
    endpointName: "readOnly",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  put,
};

function put(call: PutCall): { readonly properties: JsonMap } {
  const { site, formattedId, properties, existing, id } = call;
  const originGroup = referenced(site, text(properties.originGroup as JsonMap, "id") ?? "", "origin group");
  if (originGroup.type !== ORIGIN_GROUP_TYPE) throw badRequest(`'${originGroup.id}' is not an origin group.`);
  const [origin] = site.state.below(originGroup.id);
  if (origin === undefined)
    throw badRequest(`The origin group '${originGroup.name}' of the route has no origin.`);
  for (const domainId of domainsOf({ properties })) refuseDomain(call, domainId);
  if (existing === undefined) refuseAboveLimit(site, formattedId, "routes");
  return {
    properties: {
      patternsToMatch: ["/*"],
      supportedProtocols: ["Http", "Https"],
      forwardingProtocol: "MatchRequest",
      httpsRedirect: "Disabled",
      linkToDefaultDomain: "Disabled",
      enabledState: "Enabled",
      ...properties,
      customDomains: activated(properties.customDomains),
      endpointName: id.names[1] ?? "",
      deploymentStatus: "NotStarted",
    },
  };
}

/** A domain must exist in this profile, and no other route may serve it. */
function refuseDomain({ site, formattedId }: PutCall, domainId: string): void {
  const domain = referenced(site, domainId, "custom domain");
  const profileId = profileIdOf(formattedId);
  if (domain.type !== DOMAIN_TYPE || profileIdOf(domain.id).toLowerCase() !== profileId.toLowerCase()) {
    throw badRequest(`'${domainId}' is not a custom domain of the profile '${profileId}'.`);
  }
  const other = site.state
    .ofType(ROUTE_TYPE, profileId)
    .find(
      (route) =>
        route.id.toLowerCase() !== formattedId.toLowerCase() &&
        domainsOf(route).some((id) => id.toLowerCase() === domainId.toLowerCase()),
    );
  if (other === undefined) return;
  throw badRequest(
    `The custom domain '${domain.name}' is already associated with the route '${other.name}' for the pattern '/*'.`,
  );
}

function activated(domains: Json | undefined): Json {
  const items = Array.isArray(domains) ? (domains as readonly Json[]) : [];
  return items.filter(isJsonMap).map(({ id = "" }) => ({ id, isActive: true }));
}
