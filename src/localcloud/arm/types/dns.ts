import { answerQuestion } from "../../dns/answer.ts";
import { zonesOf } from "../../dns/zones.ts";
import { ArmError } from "../armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap, text } from "../armResource.ts";
import type { ArmType, PutCall, Site } from "../armType.ts";
import { type Members, words } from "../shape.ts";
import { keepApprovals } from "./domainValidation.ts";

export const ZONE_TYPE = "Microsoft.Network/dnszones";
const API_VERSIONS = ["2018-05-01", "2023-07-01-preview"];
/** Every zone has SOA and NS at its apex. */
const OWN_RECORD_SETS = 2;
const MAX_RECORD_SETS = 10_000;
const NAME_SERVERS = [
  "ns1-01.azure-dns.com.",
  "ns2-01.azure-dns.net.",
  "ns3-01.azure-dns.org.",
  "ns4-01.azure-dns.info.",
];

/** A public DNS zone, answered by the local cloud's name server. */
export const dnsZone: ArmType = {
  type: ZONE_TYPE,
  apiVersions: API_VERSIONS,
  name: {
    pattern: /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$/i,
    rule: "a domain name of at least two labels",
  },
  envelope: { "location!": words("global"), tags: "map" },
  properties: {
    zoneType: words("Public"),
    maxNumberOfRecordSets: "readOnly",
    maxNumberOfRecordsPerRecordSet: "readOnly",
    numberOfRecordSets: "readOnly",
    nameServers: "readOnly",
    signingKeys: "readOnly",
  },
  isPropertiesRequired: false,
  isAsync: false,
  put: ({ envelope, properties }) => ({
    envelope: { ...envelope, location: "global" },
    properties: { zoneType: "Public", ...properties },
  }),
  remove: async ({ site, resource }) => {
    for (const record of site.state.below(resource.id)) {
      await beforeChange(site, text(record.properties, "fqdn") ?? "");
      await site.state.delete(record.id);
    }
  },
  view: ({ state }, zone) => ({
    ...zone,
    properties: {
      ...zone.properties,
      maxNumberOfRecordSets: MAX_RECORD_SETS,
      maxNumberOfRecordsPerRecordSet: 20,
      numberOfRecordSets: state.below(zone.id).length + OWN_RECORD_SETS,
      nameServers: NAME_SERVERS,
    },
  }),
};

/** Record sets of the types a tenant needs. */
export const recordSets: readonly ArmType[] = [
  recordSet("A", { "ARecords!": [{ "ipv4Address!": "string" }] }),
  recordSet("CNAME", { "CNAMERecord!": { "cname!": "string" } }),
  recordSet("TXT", { "TXTRecords!": [{ "value!": ["string"] }] }),
];

function recordSet(recordType: string, records: Members): ArmType {
  return {
    type: `${ZONE_TYPE}/${recordType}`,
    apiVersions: API_VERSIONS,
    name: {
      pattern: /^(@|(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9_])?|\*)$/i,
      rule: "a relative record name",
    },
    envelope: {},
    properties: {
      "TTL!": "number",
      metadata: "map",
      fqdn: "readOnly",
      provisioningState: "readOnly",
      ...records,
    },
    isPropertiesRequired: true,
    isAsync: false,
    put: async (call) => {
      refuseMix(call, recordType);
      const [zone, name = ""] = [call.id.names[0] ?? "", call.id.names[1]];
      const fqdn = name === "@" ? `${zone}.` : `${name}.${zone}.`;
      await beforeChange(call.site, fqdn);
      return { properties: { ...call.properties, fqdn, provisioningState: "Succeeded" } };
    },
    remove: ({ site, resource }) => beforeChange(site, text(resource.properties, "fqdn") ?? ""),
  };
}

/** What the records at a name have proven stays proven. */
function beforeChange(site: Site, fqdn: string): Promise<void> {
  return keepApprovals(site, fqdn, textsOf(site, fqdn));
}

/** A CNAME stands alone at its name, and never at the apex (RFC 1034). */
function refuseMix({ site, formattedId, id }: PutCall, recordType: string): void {
  const name = id.names[1] ?? "";
  if (recordType === "CNAME" && name === "@") {
    throw new ArmError(400, "BadRequest", "A CNAME record set cannot be created at the zone apex '@'.");
  }
  const zoneId = formattedId.split("/").slice(0, -2).join("/");
  const others = site.state
    .below(zoneId)
    .filter(
      (other) =>
        other.name.toLowerCase() === name.toLowerCase() &&
        !other.type.toLowerCase().endsWith(`/${recordType.toLowerCase()}`),
    );
  const clash = recordType === "CNAME" ? others[0] : others.find(({ type }) => type.endsWith("/CNAME"));
  if (clash === undefined) return;
  const message = `The record set '${name}' of type ${recordType} cannot be created: '${clash.id}' has the same name.`;
  throw new ArmError(409, "Conflict", message);
}

/** Where the name server leads this host by CNAME, however many and wildcards too; without the final dot. */
export function cnameOf({ state }: Site, host: string): string | undefined {
  const { answers } = answerQuestion(zonesOf(state.all()), { name: host, type: "A" });
  const alias = answers.findLast(({ type }) => type === "CNAME");
  return alias?.type === "CNAME" ? alias.data : undefined;
}

/** Every text of a TXT record for this name, and when the record set was last changed. */
export function textsOf(
  site: Site,
  name: string,
): { readonly texts: readonly string[]; readonly since: number } {
  const record = recordAt(site, name, "TXT");
  const records = record?.properties.TXTRecords;
  const texts = (Array.isArray(records) ? (records as readonly Json[]) : []).map((each) => joined(each));
  return { texts, since: record === undefined ? 0 : Date.parse(record.lastModifiedAt) };
}

function joined(record: Json): string {
  const value = isJsonMap(record) ? (record as JsonMap).value : undefined;
  return Array.isArray(value) ? value.join("") : "";
}

function recordAt({ state }: Site, host: string, recordType: string): ArmResource | undefined {
  const wanted = `${host.toLowerCase().replace(/\.$/, "")}.`;
  return state
    .ofType(`${ZONE_TYPE}/${recordType}`)
    .find(({ properties }) => text(properties, "fqdn")?.toLowerCase() === wanted);
}
