import { unsupported } from "../armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap, member, text } from "../armResource.ts";
import type { ArmType, PutCall } from "../armType.ts";
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
import { refuseCompositeLimit } from "./compositeRoutes.ts";

/** A route: which domains and paths of an endpoint lead to which origin group, and what is kept of its answers. */
export const cdnRoute: ArmType = {
  type: ROUTE_TYPE,
  apiVersions: CDN_API_VERSIONS,
  name: CDN_NAME,
  envelope: {},
  properties: {
    customDomains: [{ "id!": "string", isActive: "readOnly" }],
    "originGroup!": { "id!": "string" },
    patternsToMatch: ["string"],
    supportedProtocols: [words("Http", "Https")],
    forwardingProtocol: words("HttpOnly", "HttpsOnly", "MatchRequest"),
    httpsRedirect: words("Enabled", "Disabled"),
    linkToDefaultDomain: words("Enabled", "Disabled"),
    enabledState: words("Enabled", "Disabled"),
    cacheConfiguration: {
      queryStringCachingBehavior: words(
        "IgnoreQueryString",
        "IgnoreSpecifiedQueryStrings",
        "IncludeSpecifiedQueryStrings",
        "UseQueryString",
      ),
      queryParameters: "string",
      compressionSettings: { contentTypesToCompress: ["string"], isCompressionEnabled: "boolean" },
    },
    endpointName: "readOnly",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  busy: cdnBusy,
  put,
};

function put(call: PutCall): { readonly properties: JsonMap } {
  const { site, formattedId, existing, id } = call;
  const properties: JsonMap = { ...DEFAULTS, ...call.properties };
  refuseUnbuilt(properties);
  refusePatterns(textsOf(properties.patternsToMatch));
  refuseQueryParameters(member(properties, "cacheConfiguration"));
  const originGroup = referenced(site, text(properties.originGroup as JsonMap, "id") ?? "", "origin group");
  if (originGroup.type !== ORIGIN_GROUP_TYPE) throw badRequest(`'${originGroup.id}' is not an origin group.`);
  if (enabledOrigins(site, originGroup.id).length === 0)
    throw badRequest(
      "Please make sure that the originGroup is created successfully and at least one enabled origin is created under the origin group.",
    );
  for (const domainId of domainsOf({ properties })) refuseDomain({ ...call, properties }, domainId);
  if (properties.linkToDefaultDomain === "Enabled") refuseDefaultDomain({ ...call, properties });
  if (existing === undefined) refuseAboveLimit(site, formattedId, "routes");
  refuseCompositeLimit(site, formattedId, properties);
  return {
    properties: {
      ...properties,
      customDomains: activated(properties.customDomains),
      endpointName: id.names[1] ?? "",
      deploymentStatus: "NotStarted",
    },
  };
}

const DEFAULTS: JsonMap = {
  patternsToMatch: ["/*"],
  supportedProtocols: ["Http", "Https"],
  forwardingProtocol: "MatchRequest",
  httpsRedirect: "Disabled",
  linkToDefaultDomain: "Disabled",
  enabledState: "Enabled",
};

/** What Azure takes and the local cloud has not: this Front Door speaks HTTP alone, and compresses nothing. */
function refuseUnbuilt({ httpsRedirect, forwardingProtocol, cacheConfiguration }: JsonMap): void {
  if (httpsRedirect === "Enabled")
    throw unsupported("The local cloud's Front Door has no HTTPS: 'httpsRedirect' must be 'Disabled'.");
  if (forwardingProtocol === "HttpsOnly")
    throw unsupported(
      "The local cloud's Front Door has no HTTPS: 'forwardingProtocol' must be 'HttpOnly' or 'MatchRequest'.",
    );
  const compression = isJsonMap(cacheConfiguration) ? member(cacheConfiguration, "compressionSettings") : {};
  if (compression.isCompressionEnabled === true)
    throw unsupported(
      "The local cloud's Front Door compresses nothing: 'isCompressionEnabled' must be false.",
    );
}

/** An asterisk is valid as the last character and after a slash only (Microsoft, "How requests get matched"). */
function refusePatterns(patterns: readonly string[]): void {
  const wrong = patterns.find((pattern) => !/^\/([^*]*|([^*]*\/)?\*)$/.test(pattern));
  if (wrong !== undefined)
    throw badRequest(
      `The pattern '${wrong}' of the route must begin with '/'; '*' may only be last, after a '/'.`,
    );
  if (patterns.length === 0) throw badRequest("The route needs at least one pattern in 'patternsToMatch'.");
  const keys = patterns.map((pattern) => pattern.toLowerCase());
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw badRequest(`The pattern '${twice}' stands twice in the route.`);
}

/** The two behaviours that name parameters need names; for the others names would have no effect. */
function refuseQueryParameters(cacheConfiguration: JsonMap): void {
  const behavior = text(cacheConfiguration, "queryStringCachingBehavior") ?? "IgnoreQueryString";
  const hasNames = (text(cacheConfiguration, "queryParameters") ?? "") !== "";
  if (behavior.includes("Specified") === hasNames) return;
  const expected = hasNames ? "takes no" : "needs";
  throw badRequest(`The query string caching behavior '${behavior}' ${expected} 'queryParameters'.`);
}

/** A domain must exist in this profile, and no other route may serve the same pattern of it. */
function refuseDomain(call: PutCall, domainId: string): void {
  const { site, formattedId } = call;
  const domain = referenced(site, domainId, "custom domain");
  const profileId = profileIdOf(formattedId);
  if (domain.type !== DOMAIN_TYPE || profileIdOf(domain.id).toLowerCase() !== profileId.toLowerCase()) {
    throw badRequest(`'${domainId}' is not a custom domain of the profile '${profileId}'.`);
  }
  const key = domainId.toLowerCase();
  const others = otherRoutes(call, profileId).filter((route) =>
    domainsOf(route).some((id) => id.toLowerCase() === key),
  );
  for (const other of others) refuseSharing(call, text(domain.properties, "hostName") ?? "", other);
}

/** The endpoint's own host, too, has one route a pattern. */
function refuseDefaultDomain(call: PutCall): void {
  const endpointId = endpointOf(call.formattedId);
  const host = text(call.site.state.get(endpointId)?.properties, "hostName") ?? "";
  const others = otherRoutes(call, endpointId);
  for (const other of others.filter(({ properties }) => properties.linkToDefaultDomain === "Enabled"))
    refuseSharing(call, host, other);
}

function otherRoutes({ site, formattedId }: PutCall, below: string): readonly ArmResource[] {
  const routes = site.state.ofType(ROUTE_TYPE, below);
  return routes.filter(({ id }) => id.toLowerCase() !== formattedId.toLowerCase());
}

/**
 * A domain may be on several routes of one endpoint if they differ in pattern or protocol (Microsoft, "Domains in Azure
 * Front Door"), and never on those of two.
 */
function refuseSharing({ id, formattedId, properties }: PutCall, host: string, other: ArmResource): void {
  const isOtherEndpoint = endpointOf(other.id) !== endpointOf(formattedId);
  const taken = textsOf(other.properties.patternsToMatch).map((pattern) => pattern.toLowerCase());
  const pattern = textsOf(properties.patternsToMatch).find(
    (each) => isOtherEndpoint || taken.includes(each.toLowerCase()),
  );
  const protocols = textsOf(other.properties.supportedProtocols);
  const protocol = textsOf(properties.supportedProtocols).find(
    (each) => isOtherEndpoint || protocols.includes(each),
  );
  if (pattern === undefined || protocol === undefined) return;
  throw badRequest(
    "The route domains, paths and protocols configuration has a conflict. More information: " +
      `Domain: ${host}, Path pattern: ${pattern}, Protocol: ${protocol} cannot be added to Route ${id.names.at(-1)} ` +
      `as this combination already exists in Endpoint ${other.id.split("/").at(-3)}, Route ${other.name}..`,
  );
}

function endpointOf(routeId: string): string {
  return routeId.toLowerCase().split("/").slice(0, -2).join("/");
}

function textsOf(value: Json | undefined): readonly string[] {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  return items.filter((item) => typeof item === "string");
}

function activated(domains: Json | undefined): Json {
  const items = Array.isArray(domains) ? (domains as readonly Json[]) : [];
  return items.filter(isJsonMap).map(({ id = "" }) => ({ id, isActive: true }));
}
