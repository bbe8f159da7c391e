import { ArmError, unsupported } from "../armError.ts";
import type { ArmResource, JsonMap } from "../armResource.ts";
import type { ArmType } from "../armType.ts";
import { stableUuid } from "../stableUuid.ts";
import { DNS_API_VERSIONS, NAME_SERVERS, ZONE_TYPE } from "./dnsShared.ts";

/** As the name server answers them (`dns/zones.ts`). */
const SOA: JsonMap = {
  TTL: 3600,
  SOARecord: {
    host: "ns1-01.azure-dns.com.",
    email: "azuredns-hostmaster.microsoft.com",
    serialNumber: 1,
    refreshTime: 3600,
    retryTime: 300,
    expireTime: 2_419_200,
    minimumTTL: 300,
  },
};
const NS: JsonMap = { TTL: 172_800, NSRecords: NAME_SERVERS.map((nsdname) => ({ nsdname })) };

/** The two record sets that are made with a zone, deleted with it, and here never changed. */
export const apexRecordSets: readonly ArmType[] = [apexRecordSet("NS", NS), apexRecordSet("SOA", SOA)];

function apexRecordSet(recordType: "NS" | "SOA", records: JsonMap): ArmType {
  return {
    type: `${ZONE_TYPE}/${recordType}`,
    apiVersions: DNS_API_VERSIONS,
    name: { pattern: /^@$/, rule: `the local cloud has '${recordType}' at the apex only, '@'` },
    envelope: {},
    properties: {},
    isPropertiesRequired: false,
    isAsync: false,
    hasEtag: true,
    put: () => {
      throw unsupported(`The local cloud does not change record sets of type '${recordType}'.`);
    },
    checkRemove: () => {
      throw new ArmError(400, "BadRequest", `Records of type '${recordType}' cannot be deleted.`);
    },
    computed: ({ state }, zoneId) => {
      const zone = state.get(zoneId);
      return zone?.type === ZONE_TYPE ? [recordSetOf(zone, recordType, records)] : [];
    },
  };
}

function recordSetOf(zone: ArmResource, recordType: string, records: JsonMap): ArmResource {
  const id = `${zone.id}/${recordType}/@`;
  return {
    ...zone,
    id,
    name: "@",
    type: `${ZONE_TYPE}/${recordType}`,
    envelope: {},
    properties: { ...records, fqdn: `${zone.name}.`, provisioningState: "Succeeded" },
    hidden: {},
    etag: stableUuid(`${zone.createdAt} ${id.toLowerCase()}`),
    lastModifiedAt: zone.createdAt,
  };
}
