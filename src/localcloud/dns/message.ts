import packet, { type Packet, type Question } from "dns-packet";
import { answerQuestion, type DnsAnswer, RCODE } from "./answer.ts";
import type { Zones } from "./zones.ts";

/** Largest answer over UDP without EDNS (RFC 1035), and the largest we send with it. */
const CLASSIC_UDP_BYTES = 512;
const MAX_UDP_BYTES = 1232;
const HEADER_BYTES = 12;
const EDNS_VERSION = 0;
const OWN_EDNS = { udpPayloadSize: MAX_UDP_BYTES, ednsVersion: EDNS_VERSION, options: [] };
/** A header has room for four bits of the code; EDNS carries the rest. */
const RCODE_BITS = 0b1111;
const EMPTY = { isAuthoritative: false, answers: [], authorities: [] };

/** How a message came. */
export type Transport = "tcp" | "udp";

/** The reply to one message; undefined when there is nobody to reply to. Over UDP a long one is cut. */
export function replyTo(zones: Zones, message: Buffer, transport: Transport): Buffer | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const query = decode(message);
  if (query === undefined)
    return packet.encode(reply({ id: message.readUInt16BE(0) }, { ...EMPTY, rcode: RCODE.FORMERR }));
  if (query.type === "response") return undefined;
  const whole = packet.encode(reply(query, answerOf(zones, query)));
  if (transport === "tcp" || whole.length <= udpLimit(query)) return whole;
  const cut = reply(query, { ...answerOf(zones, query), answers: [], authorities: [] });
  return packet.encode({ ...cut, flags: (cut.flags ?? 0) | packet.TRUNCATED_RESPONSE });
}

/** What a message asks; undefined when it asks nothing. */
export function questionOf(message: Buffer): Question | undefined {
  const query = message.length < HEADER_BYTES ? undefined : decode(message);
  return query?.type === "query" ? (query.questions?.[0] as Question | undefined) : undefined;
}

/** SERVFAIL to one message that asks something. */
export function failureOf(message: Buffer): Buffer | undefined {
  const query = decode(message);
  return query === undefined ? undefined : packet.encode(reply(query, { ...EMPTY, rcode: RCODE.SERVFAIL }));
}

function decode(message: Buffer): Packet | undefined {
  try {
    return packet.decode(message);
  } catch (error) {
    // dns-packet throws plain Errors and RangeErrors for what is no DNS message.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function answerOf(zones: Zones, query: Packet): DnsAnswer {
  const [question, ...more] = query.questions ?? [];
  if ((query as { opcode?: string }).opcode !== "QUERY") return { ...EMPTY, rcode: RCODE.NOTIMP };
  if (question === undefined || more.length > 0) return { ...EMPTY, rcode: RCODE.FORMERR };
  if ((ednsOf(query)?.ednsVersion ?? EDNS_VERSION) !== EDNS_VERSION)
    return { ...EMPTY, rcode: RCODE.BADVERS };
  return answerQuestion(zones, question as Question);
}

function reply(query: Packet, { rcode, isAuthoritative, answers, authorities }: DnsAnswer): Packet {
  const wantsRecursion = (query.flags ?? 0) & packet.RECURSION_DESIRED;
  const flags = wantsRecursion | (isAuthoritative ? packet.AUTHORITATIVE_ANSWER : 0) | (rcode & RCODE_BITS);
  const edns = ednsOf(query);
  return {
    type: "response",
    id: query.id ?? 0,
    flags,
    questions: query.questions ?? [],
    answers: [...answers],
    authorities: [...authorities],
    ...(edns === undefined ? {} : { additionals: [{ ...edns, ...OWN_EDNS, extendedRcode: rcode >> 4 }] }),
  };
}

function ednsOf(query: Packet) {
  const option = query.additionals?.find(({ type }) => type === "OPT");
  return option?.type === "OPT" ? option : undefined;
}

function udpLimit(query: Packet): number {
  const offered = ednsOf(query)?.udpPayloadSize ?? CLASSIC_UDP_BYTES;
  return Math.min(Math.max(offered, CLASSIC_UDP_BYTES), MAX_UDP_BYTES);
}
