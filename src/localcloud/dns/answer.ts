import type { Answer, Question } from "dns-packet";
import { nameOf, type RecordSet, type RecordValue, type Soa, type Zones, zoneOf } from "./zones.ts";

/** Response codes of RFC 1035, and of RFC 6891 the one for an unknown EDNS version. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** What is said to one question. */
export interface DnsAnswer {
  readonly rcode: number;
  readonly isAuthoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

/** Answers a question from the zones, as an authoritative server does: no recursion, nothing outside. Pure. */
export function answerQuestion(zones: Zones, question: Question): DnsAnswer {
  const zone = zoneOf(zones, question.name);
  if (zone === undefined || (question.class ?? "IN") !== "IN") {
    return { rcode: RCODE.REFUSED, isAuthoritative: false, answers: [], authorities: [] };
  }
  const answers: Answer[] = [];
  let name = nameOf(question.name);
  let isThere = true;
  const followed = new Set<string>();
  for (;;) {
    const sets = followed.has(name) ? undefined : find(zones, name);
    if (sets === undefined) break;
    followed.add(name);
    isThere = sets.isThere;
    const owner = answers.length === 0 ? question.name : name;
    const fitting = sets.sets.filter(
      ({ type }) => type === question.type || (question.type as string) === "ANY",
    );
    answers.push(...fitting.flatMap((set) => format(owner, set)));
    const alias = fitting.length > 0 ? undefined : sets.sets.find(({ type }) => type === "CNAME");
    if (alias === undefined) break;
    answers.push(...format(owner, alias));
    name = String(alias.records[0]);
  }
  const hasFound = answers.some(({ type }) => type === question.type) || (question.type as string) === "ANY";
  return {
    rcode: isThere ? RCODE.NOERROR : RCODE.NXDOMAIN,
    isAuthoritative: true,
    answers,
    authorities: isThere && hasFound && answers.length > 0 ? [] : soaOf(zones, zoneOf(zones, name) ?? zone),
  };
}

/** Record sets of a name in our zones, wildcards included (RFC 4592); undefined for a name outside. */
function find(
  zones: Zones,
  name: string,
): { readonly isThere: boolean; readonly sets: readonly RecordSet[] } | undefined {
  const zone = zoneOf(zones, name);
  const names = zone === undefined ? undefined : zones.get(zone);
  if (zone === undefined || names === undefined) return undefined;
  const exact = names.get(name);
  if (exact !== undefined) return { isThere: true, sets: exact };
  if (hasNamesBelow(names, name)) return { isThere: true, sets: [] };
  const encloser = closestEncloser(names, name, zone);
  const wildcard = names.get(`*.${encloser}`);
  return wildcard === undefined ? { isThere: false, sets: [] } : { isThere: true, sets: wildcard };
}

function closestEncloser(names: ReadonlyMap<string, unknown>, name: string, zone: string): string {
  const labels = name.split(".");
  const parents = labels.slice(1).map((_, index) => labels.slice(index + 1).join("."));
  return (
    parents.find((parent) => parent === zone || names.has(parent) || hasNamesBelow(names, parent)) ?? zone
  );
}

function hasNamesBelow(names: ReadonlyMap<string, unknown>, name: string): boolean {
  return [...names.keys()].some((other) => other.endsWith(`.${name}`));
}

function soaOf(zones: Zones, zone: string): Answer[] {
  const set = zones
    .get(zone)
    ?.get(zone)
    ?.find(({ type }) => type === "SOA");
  if (set === undefined) return [];
  // RFC 2308: how long "no" may be remembered is the smaller of the two.
  const minimum = (set.records[0] as Soa).minimum;
  return format(zone, { ...set, ttlS: Math.min(set.ttlS, minimum) });
}

function format(name: string, { type, ttlS, records }: RecordSet): Answer[] {
  return records.map(
    (record) => ({ name, type, ttl: ttlS, class: "IN", data: dataOf(record) }) as unknown as Answer,
  );
}

function dataOf(record: RecordValue): unknown {
  return Array.isArray(record) ? record.map((text: string) => Buffer.from(text)) : record;
}
