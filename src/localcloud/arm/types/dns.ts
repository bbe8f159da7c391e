import { answerQuestion } from "../../dns/answer.ts";
import { zonesOf } from "../../dns/zones.ts";
import { ArmError } from "../armError.ts";
import { type ArmResource, isJsonMap, type Json, type JsonMap, text } from "../armResource.ts";
import type { ArmType, PutCall, Site } from "../armType.ts";
import { type Members, words } from "../shape.ts";
import { DNS_API_VERSIONS, NAME_SERVERS, OWN_RECORD_SETS, ZONE_TYPE } from "./dnsShared.ts";
import { keepApprovals } from "./domainValidation.ts";
import { checkRecords, RECORD_LIMIT, type RecordType } from "./recordRules.ts";

/** A public DNS zone, answered by the local cloud's name server. */
export const dnsZone: ArmType = {
  type: ZONE_TYPE,
  apiVersions: DNS_API_VERSIONS,
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
  hasEtag: true,
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
  view: (site, zone) => ({
    ...zone,
    properties: {
      ...zone.properties,
      maxNumberOfRecordSets: site.settings.recordSetLimit,
      maxNumberOfRecordsPerRecordSet: RECORD_LIMIT,
      numberOfRecordSets: countRecordSets(site, zone.id),
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

function recordSet(recordType: RecordType, records: Members): ArmType {
  return {
    type: `${ZONE_TYPE}/${recordType}`,
    apiVersions: DNS_API_VERSIONS,
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
    hasEtag: true,
    put: async (call) => {
      checkRecords(recordType, call.properties);
      refuseMix(call, recordType);
      refuseAboveLimit(call);
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
function refuseMix({ site, formattedId, id }: PutCall, recordType: RecordType): void {
  const name = id.names[1] ?? "";
  if (recordType === "CNAME" && name === "@") {
    throw new ArmError(400, "BadRequest", "A CNAME record set cannot be created at the zone apex '@'.");
  }
  const others = site.state
    .below(zoneIdOf(formattedId))
    .filter(
      (other) =>
        other.name.toLowerCase() === name.toLowerCase() &&
        !other.type.toLowerCase().endsWith(`/${recordType.toLowerCase()}`),
    );
  if (recordType === "CNAME" && others.length > 0) {
    throw conflict(
      "The CNAME record could not be created because another record with the same name already exists in this zone.",
    );
  }
  if (others.some(({ type }) => type.endsWith("/CNAME"))) {
    throw conflict(
      "The record could not be created because a CNAME record with the same name already exists in this zone.",
    );
  }
}

/** Refuses one more record set than a zone may have, its own SOA and NS counted. */
function refuseAboveLimit({ site, formattedId, id, existing }: PutCall): void {
  const { recordSetLimit } = site.settings;
  if (existing !== undefined || countRecordSets(site, zoneIdOf(formattedId)) < recordSetLimit) return;
  throw new ArmError(
    400,
    "BadRequest",
    `The zone '${id.names[0]}' has the maximum number of record sets (${recordSetLimit}).`,
  );
}

function countRecordSets({ state }: Site, zoneId: string): number {
  return state.below(zoneId).length + OWN_RECORD_SETS;
}

/** The zone's id of a record set in it. */
function zoneIdOf(recordSetId: string): string {
  return recordSetId.split("/").slice(0, -2).join("/");
}

function conflict(message: string): ArmError {
  return new ArmError(409, "Conflict", message);
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
