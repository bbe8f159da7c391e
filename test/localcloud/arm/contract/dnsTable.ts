import { expect } from "vitest";
import { DNS, GROUP, SUBSCRIPTION } from "../harness.ts";
import { type Row, SYSTEM_DATA } from "./rows.ts";

export const PAGES = "https://learn.microsoft.com/rest/api/dns";
const RECORDS = "https://learn.microsoft.com/azure/dns/dns-zones-records";
export const LIMITS =
  "https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits";
/** Microsoft's own tests of its PowerShell module, with the service's words. */
export const POWERSHELL = "https://github.com/Azure/azure-powershell (RecordSetTests.ps1)";
export const ZONE = "Microsoft.Network/dnsZones/zone1.test";
const ETAG = expect.stringMatching(/^[0-9a-f-]{36}$/);

const zone = (members: object = {}) => ({
  id: `${GROUP}/providers/Microsoft.Network/dnszones/zone1.test`,
  name: "zone1.test",
  type: "Microsoft.Network/dnszones",
  etag: ETAG,
  location: "global",
  properties: {
    zoneType: "Public",
    maxNumberOfRecordSets: 10_000,
    maxNumberOfRecordsPerRecordSet: 20,
    numberOfRecordSets: 2,
    nameServers: [
      "ns1-01.azure-dns.com.",
      "ns2-01.azure-dns.net.",
      "ns3-01.azure-dns.org.",
      "ns4-01.azure-dns.info.",
    ],
  },
  systemData: SYSTEM_DATA,
  ...members,
});
const recordSet = (type: string, name: string, properties: object) => ({
  id: `${GROUP}/providers/Microsoft.Network/dnszones/zone1.test/${type}/${name}`,
  name,
  type: `Microsoft.Network/dnszones/${type}`,
  etag: ETAG,
  properties: { fqdn: `${name}.zone1.test.`, provisioningState: "Succeeded", ...properties },
  systemData: SYSTEM_DATA,
});
const SOA = recordSet("SOA", "@", {
  fqdn: "zone1.test.",
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
});
const cname = (target: string, TTL = 3600) => ({ properties: { TTL, CNAMERecord: { cname: target } } });
export const addresses = (...all: readonly string[]) => ({
  properties: { TTL: 3600, ARecords: all.map((ipv4Address) => ({ ipv4Address })) },
});
export const texts = (...all: readonly (readonly string[])[]) => ({
  properties: { TTL: 3600, TXTRecords: all.map((value) => ({ value })) },
});
const many = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}`);
export const refused = (message: unknown) => ({ code: "BadRequest", message });

export const ROWS: readonly Row[] = [
  {
    what: "PUT makes a zone: 201, with its own two record sets counted",
    page: `${PAGES}/zones/create-or-update`,
    request: ["PUT", ZONE, DNS, { location: "Global", tags: { key1: "value1" } }],
    status: 201,
    answer: zone({ tags: { key1: "value1" } }),
  },
  {
    what: "PUT again updates it: 200",
    page: `${PAGES}/zones/create-or-update`,
    request: ["PUT", ZONE, DNS, { location: "Global" }],
    status: 200,
    answer: zone(),
  },
  {
    what: "PATCH changes its tags",
    page: `${PAGES}/zones/update`,
    request: ["PATCH", ZONE, DNS, { tags: { key2: "value2" } }],
    status: 200,
    answer: zone({ tags: { key2: "value2" } }),
  },
  {
    what: "zones are listed for the subscription, too",
    page: `${PAGES}/zones/list`,
    request: ["GET", `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Network/dnszones`, DNS],
    status: 200,
    answer: { value: [zone({ tags: { key2: "value2" } })] },
  },
  {
    what: "SOA and NS are made with the zone",
    page: `${PAGES}/record-sets/list-by-dns-zone`,
    request: ["GET", `${ZONE}/recordsets`, DNS],
    status: 200,
    answer: {
      value: [
        recordSet("NS", "@", {
          fqdn: "zone1.test.",
          TTL: 172_800,
          NSRecords: zone().properties.nameServers.map((nsdname) => ({ nsdname })),
        }),
        SOA,
      ],
    },
  },
  {
    what: "GET answers the SOA",
    page: `${PAGES}/record-sets/get`,
    request: ["GET", `${ZONE}/SOA/@`, DNS],
    status: 200,
    answer: SOA,
  },
  {
    what: "an SOA is never deleted",
    page: POWERSHELL,
    request: ["DELETE", `${ZONE}/SOA/@`, DNS],
    status: 400,
    error: refused("Records of type 'SOA' cannot be deleted."),
  },
  {
    what: "changing an SOA isn't built and refused by name",
    page: `${PAGES}/record-sets/create-or-update`,
    request: ["PUT", `${ZONE}/SOA/@`, DNS, { properties: {} }],
    status: 400,
    error: { code: "UnsupportedByLocalCloud", message: expect.stringContaining("'SOA'") },
  },
  {
    what: "PUT makes a CNAME record set: 201",
    page: `${PAGES}/record-sets/create-or-update`,
    request: [
      "PUT",
      `${ZONE}/CNAME/record1`,
      DNS,
      { properties: { metadata: { key1: "value1" }, TTL: 3600, CNAMERecord: { cname: "contoso.com" } } },
    ],
    status: 201,
    answer: recordSet("CNAME", "record1", {
      metadata: { key1: "value1" },
      TTL: 3600,
      CNAMERecord: { cname: "contoso.com" },
    }),
  },
  {
    what: "PUT of a TXT record set takes several strings a record",
    page: `${PAGES}/record-sets/create-or-update`,
    request: ["PUT", `${ZONE}/TXT/record2`, DNS, texts(["string1", "string2"])],
    status: 201,
    answer: recordSet("TXT", "record2", { TTL: 3600, TXTRecords: [{ value: ["string1", "string2"] }] }),
  },
  {
    what: "PATCH of a record set keeps its records and replaces its metadata as a whole",
    page: `${PAGES}/record-sets/update`,
    request: ["PATCH", `${ZONE}/TXT/record2`, DNS, { properties: { metadata: { key2: "value2" } } }],
    status: 200,
    answer: recordSet("TXT", "record2", {
      metadata: { key2: "value2" },
      TTL: 3600,
      TXTRecords: [{ value: ["string1", "string2"] }],
    }),
  },
  {
    what: "PUT of an A record set",
    page: `${PAGES}/record-sets/create-or-update`,
    request: ["PUT", `${ZONE}/A/record3`, DNS, addresses("127.0.0.1")],
    status: 201,
    answer: recordSet("A", "record3", { TTL: 3600, ARecords: [{ ipv4Address: "127.0.0.1" }] }),
  },
  {
    what: "PUT again updates a record set: 200",
    page: `${PAGES}/record-sets/create-or-update`,
    request: ["PUT", `${ZONE}/A/record3`, DNS, addresses("127.0.0.2")],
    status: 200,
    includes: { properties: { ARecords: [{ ipv4Address: "127.0.0.2" }] } },
  },
  {
    what: "GET answers a record set",
    page: `${PAGES}/record-sets/get`,
    request: ["GET", `${ZONE}/A/record3`, DNS],
    status: 200,
    answer: recordSet("A", "record3", { TTL: 3600, ARecords: [{ ipv4Address: "127.0.0.2" }] }),
  },
  {
    what: "a CNAME beside others is refused",
    page: "https://github.com/rcl-letsencrypt-auto-ssl/Lets-Encrypt-Auto/issues/26",
    request: ["PUT", `${ZONE}/CNAME/record3`, DNS, cname("contoso.com")],
    status: 409,
    error: {
      code: "Conflict",
      message:
        "The CNAME record could not be created because another record with the same name already exists in this zone.",
    },
  },
  {
    what: "another beside a CNAME is refused",
    page: "https://github.com/MicrosoftDocs/azure-docs/issues/85496",
    request: ["PUT", `${ZONE}/TXT/record1`, DNS, texts(["x"])],
    status: 409,
    error: {
      code: "Conflict",
      message:
        "The record could not be created because a CNAME record with the same name already exists in this zone.",
    },
  },
  {
    what: "a CNAME at the apex is refused",
    page: RECORDS,
    request: ["PUT", `${ZONE}/CNAME/@`, DNS, cname("contoso.com")],
    status: 400,
    error: refused(expect.stringContaining("'@'")),
  },
  {
    what: "a CNAME must lead to a domain name",
    page: "https://github.com/kubernetes-sigs/external-dns/issues/4855",
    request: ["PUT", `${ZONE}/CNAME/bad`, DNS, cname('"contoso.com"')],
    status: 400,
    error: refused(`The domain name '"contoso.com"' is invalid.`),
  },
  {
    what: "the same record twice is refused",
    page: "https://github.com/Azure/azure-cli/issues/10467",
    request: ["PUT", `${ZONE}/TXT/twice`, DNS, texts(["x"], ["x"])],
    status: 400,
    error: refused(
      "The list of record sets of type 'TXT' may not contain multiple entries with the same 'value'.",
    ),
  },
  {
    what: "the time to live is at least a second",
    page: RECORDS,
    request: ["PUT", `${ZONE}/CNAME/bad`, DNS, cname("contoso.com", 0)],
    status: 400,
    error: refused(expect.stringContaining("'0'")),
  },
  {
    what: "the time to live is at most 2147483647 seconds",
    page: RECORDS,
    request: ["PUT", `${ZONE}/CNAME/bad`, DNS, cname("contoso.com", 2_147_483_648)],
    status: 400,
    error: refused(expect.stringContaining("'2147483648'")),
  },
  {
    what: "an A record is an IPv4 address",
    page: RECORDS,
    request: ["PUT", `${ZONE}/A/bad`, DNS, addresses("256.0.0.1")],
    status: 400,
    error: refused(expect.stringContaining("'256.0.0.1'")),
  },
  {
    what: "a string of a TXT record has at most 255 bytes",
    page: RECORDS,
    request: ["PUT", `${ZONE}/TXT/bad`, DNS, texts(["x".repeat(256)])],
    status: 400,
    error: refused(expect.stringContaining("255")),
  },
  {
    what: "a TXT record has at most 4096 bytes",
    page: RECORDS,
    request: ["PUT", `${ZONE}/TXT/bad`, DNS, texts(Array.from({ length: 17 }, () => "x".repeat(255)))],
    status: 400,
    error: refused(expect.stringContaining("4096")),
  },
  {
    what: "a record set takes 20 records",
    page: LIMITS,
    request: ["PUT", `${ZONE}/A/full`, DNS, addresses(...many(20))],
    status: 201,
    includes: { name: "full" },
  },
  {
    what: "and not 21",
    page: LIMITS,
    request: ["PUT", `${ZONE}/A/full`, DNS, addresses(...many(21))],
    status: 400,
    error: refused("The record set has 21 records of type 'A'; the maximum is 20."),
  },
  {
    what: "alias records are refused by name",
    page: "https://learn.microsoft.com/azure/dns/dns-alias",
    request: ["PUT", `${ZONE}/A/alias`, DNS, { properties: { TTL: 1, ARecords: [], targetResource: {} } }],
    status: 400,
    error: { code: "UnsupportedProperty", message: expect.stringContaining("'properties.targetResource'") },
  },
  {
    what: "a record set of a missing zone is ParentResourceNotFound",
    page: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-parent-resource",
    request: ["PUT", "Microsoft.Network/dnsZones/none.test/A/x", DNS, addresses("127.0.0.1")],
    status: 404,
    error: {
      code: "ParentResourceNotFound",
      message:
        "Can not perform requested operation on nested resource. Parent resource 'none.test' not found.",
    },
  },
  {
    what: "so is a list of them",
    page: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-parent-resource",
    request: ["GET", "Microsoft.Network/dnsZones/none.test/recordsets", DNS],
    status: 404,
    error: { code: "ParentResourceNotFound", message: expect.stringContaining("'none.test'") },
  },
  {
    what: "DELETE of a record set is 200",
    page: `${PAGES}/record-sets/delete`,
    request: ["DELETE", `${ZONE}/A/record3`, DNS],
    status: 200,
  },
  {
    what: "DELETE of none is 204",
    page: `${PAGES}/record-sets/delete`,
    request: ["DELETE", `${ZONE}/A/record3`, DNS],
    status: 204,
  },
  {
    what: "DELETE of a zone takes its record sets along: 200",
    page: `${PAGES}/zones/delete`,
    request: ["DELETE", ZONE, DNS],
    status: 200,
  },
  {
    what: "DELETE of no zone is 204",
    page: `${PAGES}/zones/delete`,
    request: ["DELETE", ZONE, DNS],
    status: 204,
  },
];
