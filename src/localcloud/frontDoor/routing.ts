import {
  type ArmResource,
  isJsonMap,
  type Json,
  type JsonMap,
  member,
  referencedIds,
  text,
} from "../arm/armResource.ts";
import type { Site } from "../arm/armType.ts";
import { validationState } from "../arm/types/cdnDomain.ts";
import {
  DOMAIN_TYPE,
  ENDPOINT_TYPE,
  ORIGIN_TYPE,
  PROFILE_TYPE,
  profileIdOf,
  ROUTE_TYPE,
} from "../arm/types/cdnShared.ts";
import type { CachingRules, QueryBehavior } from "./cacheKey.ts";
import { bestRank } from "./pathPattern.ts";

/** Where a request goes. */
export interface Destination {
  readonly routeId: string;
  readonly endpointId: string;
  /** `frontDoorId` of the profile: the origin sees it as `x-azure-fdid`. */
  readonly frontDoorId: string;
  /** How long an origin may take to answer. */
  readonly responseTimeoutMs: number;
  /** Enabled origins of the route's group, in no order. */
  readonly origins: readonly Origin[];
  /** Undefined when the route doesn't cache. */
  readonly caching: CachingRules | undefined;
}

export interface Origin {
  readonly hostName: string;
  readonly httpPort: number;
  /** Sent as `Host`; the host that was asked for when undefined. */
  readonly hostHeader: string | undefined;
  /** 1 to 5; the lowest number is asked first. */
  readonly priority: number;
  /** 1 to 1000: its share among those of its priority. */
  readonly weight: number;
  /** The same object as long as the origin isn't changed. */
  readonly identity: object;
}

/** What a host and a path lead to. `unknownHost`: nothing serves it; `unknownPath`: no route of the host fits the path. */
export type Found =
  | { readonly kind: "destination"; readonly destination: Destination }
  | { readonly kind: "unknownHost" | "unknownPath" };

/**
 * The destination of a request over HTTP. The host is an Approved custom domain, or an endpoint's own name, on an enabled
 * route of an enabled endpoint; among its routes the most specific pattern wins.
 */
export function findDestination(site: Site, host: string, path: string): Found {
  const routes = routesOf(site, host.toLowerCase());
  if (routes.length === 0) return { kind: "unknownHost" };
  const ranked = routes.flatMap((route) => {
    const rank = bestRank(textsIn(route.properties.patternsToMatch), path);
    return rank === undefined ? [] : [{ route, rank }];
  });
  const [best] = ranked.sort((a, b) => b.rank - a.rank);
  const destination = best === undefined ? undefined : destinationOf(site, best.route);
  return destination === undefined ? { kind: "unknownPath" } : { kind: "destination", destination };
}

/** Every route that serves a host. */
function routesOf(site: Site, host: string): readonly ArmResource[] {
  const domain = site.state
    .ofType(DOMAIN_TYPE)
    .find(({ properties }) => text(properties, "hostName")?.toLowerCase() === host);
  return domain === undefined ? defaultRoutes(site, host) : domainRoutes(site, domain);
}

function domainRoutes(site: Site, domain: ArmResource): readonly ArmResource[] {
  if (validationState(site, domain) !== "Approved") return [];
  const key = domain.id.toLowerCase();
  return site.state
    .ofType(ROUTE_TYPE, profileIdOf(domain.id))
    .filter((route) => isServing(site, route))
    .filter(({ properties }) =>
      referencedIds(properties, "customDomains").some((id) => id.toLowerCase() === key),
    );
}

function defaultRoutes(site: Site, host: string): readonly ArmResource[] {
  const endpoint = site.state
    .ofType(ENDPOINT_TYPE)
    .find(({ properties }) => text(properties, "hostName")?.toLowerCase() === host);
  if (endpoint === undefined) return [];
  return site.state
    .ofType(ROUTE_TYPE, endpoint.id)
    .filter((route) => isServing(site, route) && route.properties.linkToDefaultDomain === "Enabled");
}

/** A route for HTTPS alone serves nobody here: this Front Door speaks HTTP. */
function isServing({ state }: Site, route: ArmResource): boolean {
  const endpoint = state.get(endpointIdOf(route));
  const isForHttp = textsIn(route.properties.supportedProtocols).includes("Http");
  return isForHttp && isEnabled(route.properties) && endpoint !== undefined && isEnabled(endpoint.properties);
}

function isEnabled(properties: JsonMap): boolean {
  return properties.enabledState === "Enabled" && properties.provisioningState !== "Deleting";
}

function endpointIdOf({ id }: ArmResource): string {
  return id.split("/").slice(0, -2).join("/");
}

function destinationOf(site: Site, route: ArmResource): Destination | undefined {
  const group = site.state.get(text(member(route.properties, "originGroup"), "id") ?? "");
  const profile = site.state.get(profileIdOf(route.id));
  if (group === undefined || profile?.type !== PROFILE_TYPE) return undefined;
  return {
    routeId: route.id,
    endpointId: endpointIdOf(route),
    frontDoorId: text(profile.properties, "frontDoorId") ?? "",
    responseTimeoutMs: Number(profile.properties.originResponseTimeoutSeconds) * 1000,
    origins: originsOf(site, group),
    caching: cachingOf(route.properties.cacheConfiguration),
  };
}

function originsOf({ state }: Site, group: ArmResource): readonly Origin[] {
  const enabled = state.ofType(ORIGIN_TYPE, group.id).filter(({ properties }) => isEnabled(properties));
  return enabled.map((identity) => ({
    hostName: text(identity.properties, "hostName") ?? "",
    httpPort: Number(identity.properties.httpPort),
    hostHeader: text(identity.properties, "originHostHeader"),
    priority: Number(identity.properties.priority),
    weight: Number(identity.properties.weight),
    identity,
  }));
}

function cachingOf(configuration: Json | undefined): CachingRules | undefined {
  if (!isJsonMap(configuration)) return undefined;
  const names = (text(configuration, "queryParameters") ?? "").split(",").map((name) => name.trim());
  return {
    queryBehavior: (text(configuration, "queryStringCachingBehavior") ??
      "IgnoreQueryString") as QueryBehavior,
    queryParameters: names.filter((name) => name !== ""),
  };
}

function textsIn(value: Json | undefined): readonly string[] {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  return items.filter((item) => typeof item === "string");
}
