import { type ArmResource, type JsonMap, member, text } from "../armResource.ts";
import type { ActionCall, ArmAction, Site } from "../armType.ts";
import { stableUuid } from "../stableUuid.ts";
import { DOMAIN_TYPE } from "./cdnShared.ts";

/** "The TXT record wasn't added to your DNS provider within seven days" (Microsoft, "Domains in Azure Front Door"). */
const TOKEN_DAYS = 7;
const DAY_MS = 86_400_000;

/** Those of Azure's states that the local cloud has. */
export type ValidationState = "Approved" | "Pending" | "Submitting" | "TimedOut";

/** The texts of `_dnsauth.<host>`, and when that record set was last changed, in ms. */
export interface Proof {
  readonly texts: readonly string[];
  readonly since: number;
}

/** Name of the TXT record that proves a host. */
export function proofName(domain: ArmResource): string {
  return `_dnsauth.${hostOf(domain)}`;
}

/**
 * `Approved` once the token was seen for as long as a validation takes, and from then on for good; `TimedOut` when its
 * seven days went by without; else `Pending`, and `Submitting` while the domain is being made.
 */
export function stateOf({ now, settings }: Site, domain: ArmResource, proof: Proof): ValidationState {
  if (domain.properties.provisioningState === "Creating") return "Submitting";
  if (domain.hidden.approvedAt !== undefined) return "Approved";
  const validation = member(domain.properties, "validationProperties");
  const expiresAt = Date.parse(text(validation, "expirationDate") ?? "");
  const token = text(validation, "validationToken");
  const seenAt = Math.max(proof.since, Date.parse(domain.createdAt));
  const provenAt = seenAt + settings.validationDelayMs;
  const isProven = token !== undefined && proof.texts.includes(token) && seenAt <= expiresAt;
  if (isProven && now() >= provenAt) return "Approved";
  return !isProven && now() >= expiresAt ? "TimedOut" : "Pending";
}

/** Writes down the approvals that a TXT record gave, before it changes: Azure lets go of the record after them. */
export async function keepApprovals(site: Site, name: string, proof: Proof): Promise<void> {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const domains = site.state.ofType(DOMAIN_TYPE).filter((domain) => proofName(domain) === wanted);
  for (const domain of domains) {
    if (stateOf(site, domain, proof) === "Approved") await site.state.set(approved(site, domain));
  }
}

function approved({ now }: Site, domain: ArmResource): ArmResource {
  const approvedAt = domain.hidden.approvedAt ?? new Date(now()).toISOString();
  return { ...domain, hidden: { ...domain.hidden, approvedAt } };
}

/** A domain's token. The same domain made again has the same one, so that a run cut off in between goes on with it. */
export function tokenOf({ now }: Site, id: string, host: string, renewals: number): JsonMap {
  const seed = `${id.toLowerCase()} ${host}${renewals === 0 ? "" : ` ${renewals}`}`;
  return {
    validationToken: `_${stableUuid(seed).replaceAll("-", "")}`,
    expirationDate: new Date(now() + TOKEN_DAYS * DAY_MS).toISOString(),
  };
}

/** `POST …/customDomains/<domain>/refreshValidationToken`: another token, for seven days more; an approval stays. */
export function refreshToken(proofOf: (site: Site, domain: ArmResource) => Proof): ArmAction {
  const run = ({ site, resource }: ActionCall) =>
    site.state.exclusively(async () => {
      const found = site.state.get(resource.id);
      if (found === undefined) return;
      const domain =
        stateOf(site, found, proofOf(site, found)) === "Approved" ? approved(site, found) : found;
      const renewals = Number(domain.hidden.renewals ?? 0) + 1;
      const validationProperties = tokenOf(site, domain.id, hostOf(domain), renewals);
      await site.state.set({
        ...domain,
        hidden: { ...domain.hidden, renewals },
        properties: { ...domain.properties, validationProperties },
      });
    });
  return { body: {}, run };
}

function hostOf({ properties }: ArmResource): string {
  return text(properties, "hostName")?.toLowerCase() ?? "";
}
