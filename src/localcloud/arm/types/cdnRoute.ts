import type { ArmError } from "../armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap, text } from "../armResource.ts";
import type { ArmType, PutCall } from "../armType.ts";
import { parseId } from "../resourceId.ts";
import { words } from "../shape.ts";
import { domainsOf, enabledOrigins } from "./cdnOrigin.ts";
import {
  badRequest,
  CDN_API_VERSIONS,
  CDN_NAME,
  CDN_READ_ONLY,
  cdnBusy,
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
  busy: cdnBusy,
  put,
};

function put(call: PutCall): { readonly properties: JsonMap } {
  const { site, formattedId, properties, existing, id } = call;
  const originGroup = referenced(site, text(properties.originGroup as JsonMap, "id") ?? "", "origin group");
  if (originGroup.type !== ORIGIN_GROUP_TYPE) throw badRequest(`'${originGroup.id}' is not an origin group.`);
  if (enabledOrigins(site, originGroup.id).length === 0)
    throw badRequest(
      "Please make sure that the originGroup is created successfully and at least one enabled origin is created under the origin group.",
    );
  for (const domainId of domainsOf({ properties })) refuseDomain(call, domainId);
  if (properties.linkToDefaultDomain === "Enabled") refuseSecondDefault(call);
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
function refuseDomain(call: PutCall, domainId: string): void {
  const { site, formattedId } = call;
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
  if (other !== undefined) throw conflict(call, text(domain.properties, "hostName") ?? "", other);
}

/** An endpoint's own name, too, leads along one route. */
function refuseSecondDefault(call: PutCall): void {
  const { site, formattedId } = call;
  const endpointId = formattedId.split("/").slice(0, -2).join("/");
  const other = site.state
    .ofType(ROUTE_TYPE, endpointId)
    .find(
      ({ id, properties }) =>
        id.toLowerCase() !== formattedId.toLowerCase() && properties.linkToDefaultDomain === "Enabled",
    );
  const host = text(site.state.get(endpointId)?.properties, "hostName") ?? "";
  if (other !== undefined) throw conflict(call, host, other);
}

function conflict({ id, properties }: PutCall, host: string, other: ArmResource): ArmError {
  const [, endpoint = ""] = parseId(other.id).names;
  const protocols = properties.supportedProtocols;
  const protocol = Array.isArray(protocols) ? String(protocols[0] ?? "Http") : "Http";
  return badRequest(
    "The route domains, paths and protocols configuration has a conflict. More information: " +
      `Domain: ${host}, Path pattern: /*, Protocol: ${protocol} cannot be added to Route ${id.names.at(-1)} ` +
      `as this combination already exists in Endpoint ${endpoint}, Route ${other.name}..`,
  );
}

function activated(domains: Json | undefined): Json {
  const items = Array.isArray(domains) ? (domains as readonly Json[]) : [];
  return items.filter(isJsonMap).map(({ id = "" }) => ({ id, isActive: true }));
}
