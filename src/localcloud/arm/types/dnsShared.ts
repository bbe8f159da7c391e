export const ZONE_TYPE = "Microsoft.Network/dnszones";
export const DNS_API_VERSIONS = ["2018-05-01", "2023-07-01-preview"];
/** Record sets that are made with a zone: SOA and NS at its apex. */
export const OWN_RECORD_SETS = 2;
export const NAME_SERVERS = [
  "ns1-01.azure-dns.com.",
  "ns2-01.azure-dns.net.",
  "ns3-01.azure-dns.org.",
  "ns4-01.azure-dns.info.",
];
