import { type ArmResource, type JsonMap, member, text } from "../arm/armResource.ts";
import type { Site } from "../arm/armType.ts";
import { validationState } from "../arm/types/cdnDomain.ts";
import { domainsOf } from "../arm/types/cdnOrigin.ts";
import {
  DOMAIN_TYPE,
  ENDPOINT_TYPE,
  ORIGIN_TYPE,
  PROFILE_TYPE,
  profileIdOf,
  ROUTE_TYPE,
} from "../arm/types/cdnShared.ts";

/** Where a request for a host goes. */
export interface Destination {
  /** `frontDoorId` of the profile: the origin sees it as `x-azure-fdid`. */
  readonly frontDoorId: string;
  /** Enabled origins of the route's group, best first. */
  readonly origins: readonly Origin[];
}

export interface Origin {
  readonly hostName: string;
  readonly httpPort: number;
  /** Sent as `Host`; the host that was asked for when undefined. */
  readonly hostHeader: string | undefined;
}

/**
 * The destination of a host: an Approved custom domain, or an endpoint's own name, on an enabled route of an enabled
 * endpoint. Undefined when Front Door doesn't serve it.
 */
export function findDestination(site: Site, host: string): Destination | undefined {
  const wanted = host.toLowerCase();
  const domain = site.state
    .ofType(DOMAIN_TYPE)
    .find(({ properties }) => text(properties, "hostName")?.toLowerCase() === wanted);
  const route = domain === undefined ? defaultRoute(site, wanted) : domainRoute(site, domain);
  if (route === undefined) return undefined;
  const group = site.state.get(text(member(route.properties, "originGroup"), "id") ?? "");
  const profile = site.state.get(profileIdOf(route.id));
  if (group === undefined || profile?.type !== PROFILE_TYPE) return undefined;
  return { frontDoorId: text(profile.properties, "frontDoorId") ?? "", origins: originsOf(site, group) };
}

function domainRoute(site: Site, domain: ArmResource): ArmResource | undefined {
  if (validationState(site, domain) !== "Approved") return undefined;
  const key = domain.id.toLowerCase();
  return site.state
    .ofType(ROUTE_TYPE, profileIdOf(domain.id))
    .find((route) => isServing(site, route) && domainsOf(route).some((id) => id.toLowerCase() === key));
}

function defaultRoute(site: Site, host: string): ArmResource | undefined {
  const endpoint = site.state
    .ofType(ENDPOINT_TYPE)
    .find(({ properties }) => text(properties, "hostName") === host);
  if (endpoint === undefined) return undefined;
  return site.state
    .ofType(ROUTE_TYPE, endpoint.id)
    .find((route) => isServing(site, route) && route.properties.linkToDefaultDomain === "Enabled");
}

function isServing({ state }: Site, route: ArmResource): boolean {
  const endpoint = state.get(route.id.split("/").slice(0, -2).join("/"));
  return isEnabled(route.properties) && endpoint !== undefined && isEnabled(endpoint.properties);
}

function isEnabled(properties: JsonMap): boolean {
  return properties.enabledState === "Enabled" && properties.provisioningState !== "Deleting";
}

/** By priority (1 first), then by weight (heaviest first). */
function originsOf({ state }: Site, group: ArmResource): readonly Origin[] {
  const enabled = state.ofType(ORIGIN_TYPE, group.id).filter(({ properties }) => isEnabled(properties));
  const rank = ({ properties }: ArmResource) =>
    Number(properties.priority) * 10_000 - Number(properties.weight);
  return enabled
    .sort((a, b) => rank(a) - rank(b))
    .map(({ properties }) => ({
      hostName: text(properties, "hostName") ?? "",
      httpPort: Number(properties.httpPort),
      hostHeader: text(properties, "originHostHeader"),
    }));
}
