import type { Store } from "../store.ts";

/** Records of one type at one name. */
export interface RecordSet {
  readonly type: string;
  readonly ttlS: number;
  /** As dns-packet takes them: an address, a name, texts, or the members of SOA. */
  readonly records: readonly RecordValue[];
}

export type RecordValue = string | readonly string[] | Soa;

export interface Soa {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** Every zone's names, lower case and without the final dot, with their record sets. */
export type Zones = ReadonlyMap<string, ReadonlyMap<string, readonly RecordSet[]>>;

/** Resource Manager's documents are kept under this namespace by ARM id, lower case. */
const ARM_NAMESPACE = "arm";
const ZONE_TYPE = "microsoft.network/dnszones";
const ENDPOINT_TYPE = "microsoft.cdn/profiles/afdendpoints";
/** Front Door's own zone; an endpoint's name leads to this machine. */
const FRONT_DOOR_ZONE = "z01.azurefd.net";
const FRONT_DOOR_ADDRESS = "127.0.0.1";
const FRONT_DOOR_TTL_S = 60;

/** What Azure puts at every zone's apex. */
const NAME_SERVERS = [
  "ns1-01.azure-dns.com",
  "ns2-01.azure-dns.net",
  "ns3-01.azure-dns.org",
  "ns4-01.azure-dns.info",
];
const NAME_SERVER_TTL_S = 172_800;
const SOA_TTL_S = 3600;
const SOA: Soa = {
  mname: "ns1-01.azure-dns.com",
  rname: "azuredns-hostmaster.microsoft.com",
  serial: 1,
  refresh: 3600,
  retry: 300,
  expire: 2_419_200,
  minimum: 300,
};

interface ArmDocument {
  readonly name: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Zones as Resource Manager's state has them now; built anew only after a change. */
export function openZones(store: Store): () => Zones {
  let builtAt = -1;
  let zones: Zones = new Map();
  return () => {
    const revision = store.revision(ARM_NAMESPACE);
    if (revision !== builtAt) {
      zones = zonesOf(store.list<ArmDocument>(ARM_NAMESPACE).map(({ doc }) => doc));
      builtAt = revision;
    }
    return zones;
  };
}

/** Zones out of ARM resources. Pure. */
export function zonesOf(resources: readonly ArmDocument[]): Zones {
  const zones = new Map<string, Map<string, RecordSet[]>>();
  zones.set(FRONT_DOOR_ZONE, apex(FRONT_DOOR_ZONE));
  for (const { type, name } of resources) {
    if (type.toLowerCase() === ZONE_TYPE) zones.set(nameOf(name), apex(nameOf(name)));
  }
  for (const resource of resources) addRecord(zones, resource);
  return zones;
}

function apex(zone: string): Map<string, RecordSet[]> {
  const soa = { type: "SOA", ttlS: SOA_TTL_S, records: [SOA] };
  const ns = { type: "NS", ttlS: NAME_SERVER_TTL_S, records: NAME_SERVERS };
  return new Map([[zone, [soa, ns]]]);
}

function addRecord(zones: Map<string, Map<string, RecordSet[]>>, resource: ArmDocument): void {
  const type = resource.type.toLowerCase();
  if (type === ENDPOINT_TYPE) {
    const host = resource.properties.hostName;
    const address = { type: "A", ttlS: FRONT_DOOR_TTL_S, records: [FRONT_DOOR_ADDRESS] };
    if (typeof host === "string") put(zones, nameOf(host), address);
  }
  if (!type.startsWith(`${ZONE_TYPE}/`)) return;
  const fqdn = resource.properties.fqdn;
  const records = recordsOf(resource);
  const ttlS = Number(resource.properties.TTL);
  if (typeof fqdn === "string" && records.length > 0) {
    put(zones, nameOf(fqdn), { type: type.slice(ZONE_TYPE.length + 1).toUpperCase(), ttlS, records });
  }
}

function put(zones: Map<string, Map<string, RecordSet[]>>, name: string, set: RecordSet): void {
  const zone = zones.get(zoneOf(zones, name) ?? "");
  zone?.set(name, [...(zone.get(name) ?? []), set]);
}

function recordsOf({ type, properties }: ArmDocument): RecordValue[] {
  const kind = type.split("/").at(-1)?.toUpperCase();
  if (kind === "A") return list(properties.ARecords).map(({ ipv4Address }) => String(ipv4Address));
  if (kind === "TXT") return list(properties.TXTRecords).map(({ value }) => (value as unknown[]).map(String));
  const cname = (properties.CNAMERecord as { cname?: unknown } | undefined)?.cname;
  return kind === "CNAME" && typeof cname === "string" ? [nameOf(cname)] : [];
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

/** The zone a name is in: the longest one that it ends with. */
export function zoneOf(zones: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const labels = nameOf(name).split(".");
  return labels.map((_, index) => labels.slice(index).join(".")).find((suffix) => zones.has(suffix));
}

/** Lower case, without the final dot. */
export function nameOf(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
