import dgram from "node:dgram";
import { Resolver } from "node:dns/promises";
import net from "node:net";
import packet, { type Packet } from "dns-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveDns } from "../../../src/localcloud/dns/index.ts";
import { openZones } from "../../../src/localcloud/dns/zones.ts";
import { openStore, type Store } from "../../../src/localcloud/store.ts";
import { findTestPort } from "../../support/ports.ts";
import { temporaryHome } from "../temporaryHome.ts";

const BASE = "/subscriptions/s/resourcegroups/rg/providers";
const ZONE = "local.tenantry.test";
const LONG = Array.from({ length: 12 }, (_, n) => `${n}-`.padEnd(200, "x"));

let home: Awaited<ReturnType<typeof temporaryHome>>;
let store: Store;
let server: Awaited<ReturnType<typeof serveDns>>;

beforeAll(async () => {
  home = await temporaryHome();
  store = await openStore(home.state);
  await putZone(ZONE);
  await putRecord("acme", "CNAME", { CNAMERecord: { cname: "edge.z01.azurefd.net" } });
  await putRecord("_dnsauth.acme", "TXT", {
    TXTRecords: [{ value: ["proof"] }, { value: ["a".repeat(255), "b"] }],
  });
  await putRecord("@", "A", { ARecords: [{ ipv4Address: "127.0.0.9" }, { ipv4Address: "127.0.0.8" }] });
  await putRecord("long", "TXT", { TXTRecords: LONG.map((text) => ({ value: [text] })) });
  await putRecord("*.wild", "A", { ARecords: [{ ipv4Address: "127.0.0.7" }] });
  await putRecord("out", "CNAME", { CNAMERecord: { cname: "elsewhere.example" } });
  await putRecord("loop", "CNAME", { CNAMERecord: { cname: `loop.${ZONE}` } });
  await store.put("arm", `${BASE}/microsoft.cdn/profiles/p/afdendpoints/edge`, {
    name: "edge",
    type: "Microsoft.Cdn/profiles/afdEndpoints",
    properties: { hostName: "edge.z01.azurefd.net" },
  });
  server = await serveDns(openZones(store), await findTestPort());
});

afterAll(async () => {
  await server.close();
  await store.close();
  await home.remove();
});

async function putZone(name: string): Promise<void> {
  const type = "Microsoft.Network/dnszones";
  await store.put("arm", `${BASE}/${type}/${name}`.toLowerCase(), { name, type, properties: {} });
}

async function putRecord(name: string, kind: string, properties: object): Promise<void> {
  const type = `Microsoft.Network/dnszones/${kind}`;
  const fqdn = name === "@" ? `${ZONE}.` : `${name}.${ZONE}.`;
  const id = `${BASE}/microsoft.network/dnszones/${ZONE}/${kind}/${name}`.toLowerCase();
  await store.put("arm", id, { name, type, properties: { TTL: 300, fqdn, ...properties } });
}

function resolver(): Resolver {
  const made = new Resolver({ timeout: 20_000, tries: 1 });
  made.setServers([`127.0.0.1:${server.port}`]);
  return made;
}

/** One datagram there and one back. */
function askUdp(query: Packet | Buffer): Promise<Packet> {
  const socket = dgram.createSocket("udp4");
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("message", (message) => {
      socket.close();
      resolve(packet.decode(message));
    });
    socket.send(Buffer.isBuffer(query) ? query : packet.encode(query), server.port, "127.0.0.1");
  });
}

/** Several questions down one connection, in one piece or byte by byte. */
function askTcp(queries: readonly Packet[], chunkBytes: number): Promise<Packet[]> {
  const bytes = Buffer.concat(queries.map((query) => packet.streamEncode(query)));
  return new Promise((resolve, reject) => {
    const answers: Packet[] = [];
    let received = Buffer.alloc(0);
    const socket = net.connect(server.port, "127.0.0.1", () => {
      for (let at = 0; at < bytes.length; at += chunkBytes) socket.write(bytes.subarray(at, at + chunkBytes));
    });
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        answers.push(packet.streamDecode(received.subarray(0, end)) as Packet);
        received = received.subarray(end);
      }
      if (answers.length < queries.length) return;
      socket.destroy();
      resolve(answers);
    });
  });
}

function question(name: string, type: string, extra: object = {}): Packet {
  return {
    type: "query",
    id: 7,
    flags: 0,
    questions: [{ name, type, class: "IN" }],
    ...extra,
  } as unknown as Packet;
}

/** Code, authority and records of an answer, in few words. */
function said(answer: Packet): unknown {
  const { rcode, flag_aa, flag_tc } = answer as unknown as {
    rcode: string;
    flag_aa: boolean;
    flag_tc: boolean;
  };
  const answers = (answer.answers ?? []).map((each) => {
    const { name, type, ttl, data } = each as { name: string; type: string; ttl: number; data: unknown };
    return [name, type, ttl, Array.isArray(data) ? data.map(String) : data];
  });
  const authorities = (answer.authorities ?? []).map(({ name, type }) => `${type} ${name}`);
  return { rcode, aa: flag_aa, tc: flag_tc, answers, authorities };
}

describe("name server", () => {
  test("answers Node's own resolver: CNAME, TXT, A, NS, SOA", async () => {
    const ask = resolver();
    expect(await ask.resolveCname(`acme.${ZONE}`)).toEqual(["edge.z01.azurefd.net"]);
    expect(await ask.resolveTxt(`_dnsauth.acme.${ZONE}`)).toEqual([["proof"], ["a".repeat(255), "b"]]);
    expect((await ask.resolve4(ZONE)).sort()).toEqual(["127.0.0.8", "127.0.0.9"]);
    expect(await ask.resolveNs(ZONE)).toHaveLength(4);
    expect(await ask.resolveSoa(ZONE)).toMatchObject({ nsname: "ns1-01.azure-dns.com", minttl: 300 });
  });

  test("a tenant's host leads through its alias to Front Door's address on this machine", async () => {
    expect(said(await askUdp(question(`acme.${ZONE}`, "A")))).toEqual({
      rcode: "NOERROR",
      aa: true,
      tc: false,
      answers: [
        [`acme.${ZONE}`, "CNAME", 300, "edge.z01.azurefd.net"],
        ["edge.z01.azurefd.net", "A", 60, "127.0.0.1"],
      ],
      authorities: [],
    });
    expect(await resolver().resolve4(`acme.${ZONE}`)).toEqual(["127.0.0.1"]);
  });

  test("names that aren't there are NXDOMAIN with the zone's SOA, endpoints too", async () => {
    expect(said(await askUdp(question(`nobody.${ZONE}`, "A")))).toEqual({
      rcode: "NXDOMAIN",
      aa: true,
      tc: false,
      answers: [],
      authorities: [`SOA ${ZONE}`],
    });
    expect(said(await askUdp(question("other.z01.azurefd.net", "A")))).toMatchObject({ rcode: "NXDOMAIN" });
  });

  test("a name that is there but has no such record is NOERROR and empty, and so is one with names below it", async () => {
    const empty = { rcode: "NOERROR", aa: true, tc: false, answers: [], authorities: [`SOA ${ZONE}`] };
    expect(said(await askUdp(question(`_dnsauth.acme.${ZONE}`, "A")))).toEqual(empty);
    expect(said(await askUdp(question(`wild.${ZONE}`, "A")))).toEqual(empty);
  });

  test("names outside of every zone are REFUSED", async () => {
    expect(said(await askUdp(question("example.com", "A")))).toEqual({
      rcode: "REFUSED",
      aa: false,
      tc: false,
      answers: [],
      authorities: [],
    });
    await expect(resolver().resolve4("example.com")).rejects.toMatchObject({ code: "EREFUSED" });
  });

  test("names are compared without case and answered as they were asked", async () => {
    expect(said(await askUdp(question(`ACME.Local.Tenantry.TEST`, "CNAME")))).toMatchObject({
      answers: [["ACME.Local.Tenantry.TEST", "CNAME", 300, "edge.z01.azurefd.net"]],
    });
  });

  test("a wildcard answers for names below it that aren't there themselves", async () => {
    expect(await resolver().resolve4(`any.thing.wild.${ZONE}`)).toEqual(["127.0.0.7"]);
  });

  test("an alias that leads outside, or in a circle, ends there", async () => {
    expect(said(await askUdp(question(`out.${ZONE}`, "A")))).toMatchObject({
      rcode: "NOERROR",
      answers: [[`out.${ZONE}`, "CNAME", 300, "elsewhere.example"]],
    });
    expect(said(await askUdp(question(`loop.${ZONE}`, "A")))).toMatchObject({
      rcode: "NOERROR",
      answers: [[`loop.${ZONE}`, "CNAME", 300, `loop.${ZONE}`]],
    });
  });

  test("an answer too long for UDP is cut, and whole over TCP, also in pieces and several at once", async () => {
    const ask = question(`long.${ZONE}`, "TXT");
    expect(said(await askUdp(ask))).toMatchObject({ tc: true, answers: [], rcode: "NOERROR" });
    const edns = { additionals: [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] }] };
    expect(said(await askUdp(question(`long.${ZONE}`, "TXT", edns)))).toMatchObject({ tc: true });
    for (const chunkBytes of [1, 10_000]) {
      const answers = await askTcp([ask, question(`acme.${ZONE}`, "CNAME")], chunkBytes);
      expect(answers.map(({ answers: records }) => records?.length)).toEqual([LONG.length, 1]);
    }
    expect((await resolver().resolveTxt(`long.${ZONE}`)).map(([text]) => text).sort()).toEqual(
      [...LONG].sort(),
    );
  });

  test("what is no question is FORMERR, other operations are NOTIMP, and it goes on answering", async () => {
    const garbage = Buffer.concat([
      Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      Buffer.from([63, 1, 2]),
    ]);
    expect(said(await askUdp(garbage))).toMatchObject({ rcode: "FORMERR" });
    expect(said(await askUdp({ type: "query", id: 1, questions: [] } as Packet))).toMatchObject({
      rcode: "FORMERR",
    });
    expect(said(await askUdp(question(ZONE, "A", { flags: 4 << 11 })))).toMatchObject({ rcode: "NOTIMP" });
    expect(await resolver().resolve4(ZONE)).toHaveLength(2);
  });

  test("a change in Resource Manager's state is answered at once", async () => {
    await putRecord("fresh", "A", { ARecords: [{ ipv4Address: "127.0.0.5" }] });
    expect(await resolver().resolve4(`fresh.${ZONE}`)).toEqual(["127.0.0.5"]);
    await store.delete("arm", `${BASE}/microsoft.network/dnszones/${ZONE}/a/fresh`);
    await expect(resolver().resolve4(`fresh.${ZONE}`)).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});
