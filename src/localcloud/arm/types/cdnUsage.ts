import { groupNotFound, resourceNotFound } from "../armError.ts";
import { type JsonMap, member, text } from "../armResource.ts";
import type { Site } from "../armType.ts";
import { formatId, type ResourceId } from "../resourceId.ts";
import { DOMAIN_TYPE, PROFILE_TYPE, ROUTE_TYPE } from "./cdnShared.ts";

const USAGES = `${PROFILE_TYPE}/usages`.toLowerCase();

/** POST of a profile's `usages` (Microsoft, "AFD Profiles - List Resource Usage"). */
export function asksUsages(id: ResourceId, method: string): boolean {
  return method === "POST" && id.isCollection && id.type.toLowerCase() === USAGES;
}

/** Custom domains and routes of a profile with their limits. */
export function listUsages(site: Site, { subscriptionId, group, names }: ResourceId): JsonMap {
  const groupId = formatId(subscriptionId, group, "Microsoft.Resources/resourceGroups", []);
  if (site.state.get(groupId) === undefined) throw groupNotFound(group);
  const profileId = formatId(subscriptionId, group, PROFILE_TYPE, names);
  const profile = site.state.get(profileId);
  if (profile === undefined) throw resourceNotFound(PROFILE_TYPE, names[0] ?? "", group);
  const limits = site.settings.limits[text(member(profile.envelope, "sku"), "name") ?? ""];
  const usageOf = (type: string, word: string, limit: number) => ({
    id: `${profileId}/${word}s`,
    name: { value: word, localizedValue: word },
    unit: "Count",
    currentValue: site.state.ofType(type, profileId).length,
    limit,
  });
  if (limits === undefined) return { value: [] };
  return {
    value: [
      usageOf(DOMAIN_TYPE, "customdomain", limits.domains),
      usageOf(ROUTE_TYPE, "route", limits.routes),
    ],
  };
}
