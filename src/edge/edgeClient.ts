import { type ArmClients, armClients, armUrl } from "./armClients.ts";
import { EdgeRefusedError, EdgeUnreachableError, explainArm } from "./edgeErrors.ts";

/** Which zone and Front Door endpoint. */
export interface EdgeTarget {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly zone: string;
  readonly profile: string;
  readonly endpoint: string;
}

export type RecordSetType = "CNAME" | "TXT";

export interface FoundRecordSet {
  /** CNAME's target, or every TXT value. */
  readonly values: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FoundDomain {
  readonly hostName: string;
  /** Azure's words: `Pending`, `Approved`, `TimedOut`, … */
  readonly validationState: string;
  /** What must stand in the TXT record `_dnsauth.<host>`; empty where Azure gives none. */
  readonly validationToken: string;
}

/** How many of something a profile has, and how many it may have, as Front Door itself says. */
export interface Usage {
  readonly what: "custom domains" | "routes";
  readonly used: number;
  readonly limit: number;
}

/** The profile that an ARM id of something in it names: enough to ask for its domains. */
export function profileTarget(id: string): EdgeTarget {
  const [, , subscriptionId = "", , resourceGroup = "", , , , profile = ""] = id.split("/");
  return { subscriptionId, resourceGroup, profile, zone: "", endpoint: "" };
}

/** Record sets, custom domains and routes of one environment, by name. Throws `EdgeUnreachableError` or `EdgeRefusedError`. */
export interface EdgeClient {
  recordSet(type: RecordSetType, name: string): Promise<FoundRecordSet | undefined>;
  customDomain(name: string): Promise<FoundDomain | undefined>;
  /** Asks for another token in place of an expired one. */
  renewValidation(name: string): Promise<void>;
  hasRoute(name: string): Promise<boolean>;
  /** What is counted of custom domains and routes; empty where Front Door doesn't tell. */
  usages(): Promise<readonly Usage[]>;
  /** Each removal is done when nothing of that name is left, also when nothing was. */
  removeRecordSet(type: RecordSetType, name: string): Promise<void>;
  removeCustomDomain(name: string): Promise<void>;
  removeRoute(name: string): Promise<void>;
}

/** Opens nothing: SDKs and connection come with the first call. */
export function openEdge(target: EdgeTarget): EdgeClient {
  const { resourceGroup: group, zone, profile, endpoint } = target;
  const ask = <T>(call: (arm: ArmClients) => Promise<T>) => askArm(target, call);
  return {
    recordSet: (type, name) => ask((arm) => getRecordSet(arm, target, type, name)),
    customDomain: (name) => ask((arm) => getDomain(arm, target, name)),
    renewValidation: async (name) => {
      await ask(({ cdn }) =>
        cdn.afdCustomDomains.beginRefreshValidationTokenAndWait(group, profile, name, POLLING),
      );
    },
    hasRoute: async (name) =>
      (await ask(({ cdn }) => cdn.routes.get(group, profile, endpoint, name))) !== undefined,
    usages: async () => (await ask((arm) => listUsages(arm, target))) ?? [],
    removeRecordSet: async (type, name) => {
      await ask(({ dns }) => dns.recordSets.delete(group, zone, name, type));
    },
    removeCustomDomain: async (name) => {
      await ask(({ cdn }) => cdn.afdCustomDomains.beginDeleteAndWait(group, profile, name, POLLING));
    },
    removeRoute: async (name) => {
      await ask(({ cdn }) => cdn.routes.beginDeleteAndWait(group, profile, endpoint, name, POLLING));
    },
  };
}

const POLLING = { updateIntervalInMs: 500 };

/** Undefined for 404: the thing, or what should hold it, isn't there. */
async function askArm<T>(target: EdgeTarget, call: (arm: ArmClients) => Promise<T>): Promise<T | undefined> {
  try {
    return await call(await armClients(target.subscriptionId));
  } catch (error) {
    if (error instanceof EdgeRefusedError || error instanceof EdgeUnreachableError) throw error;
    if ((error as { statusCode?: unknown }).statusCode === 404) return undefined;
    throw explainArm(armUrl(), error);
  }
}

async function getRecordSet(
  { dns }: ArmClients,
  { resourceGroup, zone }: EdgeTarget,
  type: RecordSetType,
  name: string,
): Promise<FoundRecordSet> {
  const found = await dns.recordSets.get(resourceGroup, zone, name, type);
  const texts = (found.txtRecords ?? []).map(({ value }) => (value ?? []).join(""));
  const cname = found.cnameRecord?.cname;
  return { values: cname === undefined ? texts : [cname], metadata: found.metadata ?? {} };
}

async function getDomain({ cdn }: ArmClients, target: EdgeTarget, name: string): Promise<FoundDomain> {
  const found = await cdn.afdCustomDomains.get(target.resourceGroup, target.profile, name);
  return {
    hostName: found.hostName ?? "",
    validationState: found.domainValidationState ?? "Unknown",
    validationToken: found.validationProperties?.validationToken ?? "",
  };
}

/** Azure's page shows `afdendpoint` only, types in lower case: https://learn.microsoft.com/rest/api/frontdoorservice/azurefrontdoorstandardpremium/afd-profiles/list-resource-usage */
const USAGES = [
  { what: "custom domains", pattern: /^(afd)?custom-?domains?$/i },
  { what: "routes", pattern: /^routes?$/i },
] as const;

async function listUsages({ cdn }: ArmClients, { resourceGroup, profile }: EdgeTarget): Promise<Usage[]> {
  const usages: Usage[] = [];
  for await (const { name, currentValue, limit } of cdn.afdProfiles.listResourceUsage(
    resourceGroup,
    profile,
  )) {
    const known = USAGES.find(({ pattern }) => pattern.test(name.value ?? ""));
    if (known !== undefined) usages.push({ what: known.what, used: currentValue, limit });
  }
  return usages;
}
