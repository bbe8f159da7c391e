import { ArmError } from "../armError.ts";
import { type ArmResource, member, text } from "../armResource.ts";
import type { ProfileLimits, Site } from "../armType.ts";

export const PROFILE_TYPE = "Microsoft.Cdn/profiles";
export const ENDPOINT_TYPE = "Microsoft.Cdn/profiles/afdEndpoints";
export const ORIGIN_GROUP_TYPE = "Microsoft.Cdn/profiles/originGroups";
export const ORIGIN_TYPE = "Microsoft.Cdn/profiles/originGroups/origins";
export const DOMAIN_TYPE = "Microsoft.Cdn/profiles/customDomains";
export const ROUTE_TYPE = "Microsoft.Cdn/profiles/afdEndpoints/routes";

export const CDN_API_VERSIONS = ["2023-05-01", "2024-02-01", "2025-06-01"];
export const CDN_NAME = {
  pattern: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,258}[a-zA-Z0-9])?$/,
  rule: "letters, digits and hyphens, none at the ends",
};
/** Members of every Front Door resource that only Azure writes. */
export const CDN_READ_ONLY = {
  provisioningState: "readOnly",
  deploymentStatus: "readOnly",
  profileName: "readOnly",
} as const;

/** Azure's code for most of what Front Door refuses. */
export function badRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", message);
}

/** Azure's refusal of a change while another is under way. */
export function cdnBusy(): ArmError {
  return new ArmError(
    409,
    "Conflict",
    "The requested operation cannot be executed on the entity as another operation is in progress.",
  );
}

/** Azure's refusal to delete what a route uses. */
export function stillOnRoute(): ArmError {
  return badRequest(
    "This resource is still associated with a route. Please delete the association with the route first before deleting this resource.",
  );
}

/** The profile's id of anything inside it. */
export function profileIdOf(id: string): string {
  return id.split("/").slice(0, 9).join("/");
}

/** What is counted in a profile, and how to say so. */
const COUNTED: Readonly<Record<keyof ProfileLimits, { readonly type: string; readonly words: string }>> = {
  routes: { type: ROUTE_TYPE, words: "routes" },
  domains: { type: DOMAIN_TYPE, words: "custom domains" },
  endpoints: { type: ENDPOINT_TYPE, words: "endpoints" },
  originGroups: { type: ORIGIN_GROUP_TYPE, words: "origin groups" },
  origins: { type: ORIGIN_TYPE, words: "origins" },
};

/** Refuses one more than the profile's SKU allows. */
export function refuseAboveLimit(site: Site, formattedId: string, what: keyof ProfileLimits): void {
  const profileId = profileIdOf(formattedId);
  const sku = text(member(site.state.get(profileId)?.envelope, "sku"), "name") ?? "";
  const limit = site.settings.limits[sku]?.[what];
  const { type, words } = COUNTED[what];
  if (limit === undefined || site.state.ofType(type, profileId).length < limit) return;
  throw badRequest(`The maximum number of ${words} (${limit}) of a ${sku} profile is reached.`);
}

/** A referenced resource. Throws `InvalidResource` naming an unknown one. */
export function referenced(site: Site, id: string, what: string): ArmResource {
  const found = site.state.get(id);
  if (found === undefined) throw new ArmError(400, "InvalidResource", `The ${what} '${id}' does not exist.`);
  return found;
}
