import type { Json, JsonMap } from "../armResource.ts";
import type { Site } from "../armType.ts";
import { badRequest, profileIdOf, ROUTE_TYPE } from "./cdnShared.ts";

/** "The composite route metric for each Front Door profile can't exceed 5000" (Microsoft, "Front Door routing limits"). */
const COMPOSITE_LIMIT = 5000;

/** Refuses a route that takes its profile's composite route metric over the limit. */
export function refuseCompositeLimit({ state }: Site, formattedId: string, properties: JsonMap): void {
  const profileId = profileIdOf(formattedId);
  const others = state
    .ofType(ROUTE_TYPE, profileId)
    .filter(({ id }) => id.toLowerCase() !== formattedId.toLowerCase())
    .reduce((sum, route) => sum + compositeMetric(route.properties), 0);
  const metric = others + compositeMetric(properties);
  if (metric <= COMPOSITE_LIMIT) return;
  throw badRequest(
    `The composite route metric of the profile would be ${metric}; at most ${COMPOSITE_LIMIT} is allowed.`,
  );
}

/** Domains times paths, for each protocol. The endpoint's own domain counts where the route is linked to it. */
export function compositeMetric(properties: JsonMap): number {
  const own = properties.linkToDefaultDomain === "Enabled" ? 1 : 0;
  const domains = lengthOf(properties.customDomains) + own;
  return domains * lengthOf(properties.patternsToMatch) * lengthOf(properties.supportedProtocols);
}

function lengthOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}
