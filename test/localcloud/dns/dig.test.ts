import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { createDnsService } from "../../../src/localcloud/dns/index.ts";
import { hasProgram, run } from "../../support/programs.ts";
import { DNS, type Harness, makeEdge, openHarness } from "../arm/harness.ts";

const ZONE = "local.test";
const LONG = Array.from({ length: 12 }, (_, n) => `${n}-`.padEnd(200, "x"));

let cloud: Harness;

/** What dig says of an answer. */
interface Said {
  readonly status: string | undefined;
  readonly flags: string | undefined;
  /** Lines of a section, their fields parted by one space. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly whole: string;
}

async function dig(...args: readonly string[]): Promise<Said> {
  const port = String(cloud.context.portOf("dns"));
  const { code, stdout, stderr } = await run("dig", [
    "@127.0.0.1",
    "-p",
    port,
    "+time=5",
    "+tries=2",
    ...args,
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  return {
    status: /status: (\w+)/.exec(stdout)?.[1],
    flags: /;; flags: ([^;]*);/.exec(stdout)?.[1],
    answer: sectionOf(stdout, "ANSWER"),
    authority: sectionOf(stdout, "AUTHORITY"),
    whole: stdout,
  };
}

function sectionOf(said: string, name: string): readonly string[] {
  const [, section = ""] = new RegExp(`;; ${name} SECTION:\\n([^;]*?)\\n\\n`).exec(said) ?? [];
  return section.split("\n").flatMap((line) => (line === "" ? [] : [line.replaceAll(/\s+/g, " ")]));
}

async function putRecord(kind: string, name: string, properties: object): Promise<void> {
  const { status, body } = await cloud.arm("PUT", `Microsoft.Network/dnsZones/${ZONE}/${kind}/${name}`, DNS, {
    properties,
  });
  if (status !== 201 && status !== 200) throw new Error(JSON.stringify(body));
}

const SOA = `${ZONE}. 300 IN SOA ns1-01.azure-dns.com. azuredns-hostmaster.microsoft.com. 1 3600 300 2419200 300`;

describe.skipIf(!hasProgram("dig"))("the real dig (skipped where it isn't installed)", () => {
  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await cloud.start(createDnsService());
    await makeEdge(cloud);
    await putRecord("CNAME", "acme", { TTL: 120, CNAMERecord: { cname: "e.z01.azurefd.net" } });
    await putRecord("TXT", "_dnsauth.acme", {
      TTL: 60,
      TXTRecords: [{ value: ["proof"] }, { value: ["a".repeat(255), "b"] }],
    });
    await putRecord("A", "@", { TTL: 30, ARecords: [{ ipv4Address: "127.0.0.9" }] });
    await putRecord("TXT", "long", { TTL: 1, TXTRecords: LONG.map((text) => ({ value: [text] })) });
    await putRecord("A", "*.wild", { TTL: 1, ARecords: [{ ipv4Address: "127.0.0.7" }] });
  });
  afterAll(() => cloud.stop());

  // https://www.rfc-editor.org/rfc/rfc1034#section-3.6.2 (aliases are followed in the server's own zones)
  test.each(["+notcp", "+tcp"])(
    "follows a tenant's CNAME to Front Door's address, with each TTL (%s)",
    async (via) => {
      const said = await dig(via, `acme.${ZONE}`, "A");
      expect([said.status, said.flags, said.answer, said.authority]).toEqual([
        "NOERROR",
        "qr aa rd",
        [`acme.${ZONE}. 120 IN CNAME e.z01.azurefd.net.`, "e.z01.azurefd.net. 60 IN A 127.0.0.1"],
        [],
      ]);
    },
  );

  // https://learn.microsoft.com/azure/dns/dns-zones-records ("TXT records": several strings of up to 255 characters)
  test("prints TXT records string by string", async () => {
    expect((await dig(`_dnsauth.acme.${ZONE}`, "TXT")).answer).toEqual([
      `_dnsauth.acme.${ZONE}. 60 IN TXT "proof"`,
      `_dnsauth.acme.${ZONE}. 60 IN TXT "${"a".repeat(255)}" "b"`,
    ]);
  });

  // https://www.rfc-editor.org/rfc/rfc2308#section-3 (negative answers carry the SOA, with the smaller TTL)
  test("is told NXDOMAIN with the zone's SOA, and of a type that isn't there NOERROR and the SOA", async () => {
    const missing = await dig(`nobody.${ZONE}`, "A");
    expect([missing.status, missing.flags, missing.answer, missing.authority]).toEqual([
      "NXDOMAIN",
      "qr aa rd",
      [],
      [SOA],
    ]);
    const empty = await dig(`acme.${ZONE}`, "TXT", "+norecurse");
    expect([empty.status, empty.flags, empty.answer]).toEqual([
      "NOERROR",
      "qr aa",
      [`acme.${ZONE}. 120 IN CNAME e.z01.azurefd.net.`],
    ]);
  });

  // https://learn.microsoft.com/azure/dns/dns-zones-records ("NS records", "SOA records")
  test("finds the zone's own SOA and four name servers at the apex, and the serial stays as it is", async () => {
    await putRecord("A", "fresh", { TTL: 1, ARecords: [{ ipv4Address: "127.0.0.5" }] });
    expect((await dig(`fresh.${ZONE}`, "A")).answer).toEqual([`fresh.${ZONE}. 1 IN A 127.0.0.5`]);
    expect((await dig(ZONE, "SOA")).answer).toEqual([SOA.replace(" 300 IN", " 3600 IN")]);
    expect((await dig(ZONE, "NS")).answer).toEqual(
      [
        "ns1-01.azure-dns.com.",
        "ns2-01.azure-dns.net.",
        "ns3-01.azure-dns.org.",
        "ns4-01.azure-dns.info.",
      ].map((server) => `${ZONE}. 172800 IN NS ${server}`),
    );
    expect((await dig(ZONE, "A")).answer).toEqual([`${ZONE}. 30 IN A 127.0.0.9`]);
  });

  // https://learn.microsoft.com/azure/dns/dns-zones-records ("Wildcard records")
  test("gets a wildcard's records under the name that it asked for", async () => {
    expect((await dig(`any.wild.${ZONE}`, "A")).answer).toEqual([`any.wild.${ZONE}. 1 IN A 127.0.0.7`]);
  });

  // https://www.rfc-editor.org/rfc/rfc1035#section-4.2.1 and https://www.rfc-editor.org/rfc/rfc7766#section-5
  test("sees a long answer cut over UDP, and comes back over TCP by itself for the whole one", async () => {
    const cut = await dig(`long.${ZONE}`, "TXT", "+ignore", "+noedns");
    expect([cut.flags, cut.answer]).toEqual(["qr aa tc rd", []]);
    const whole = await dig(`long.${ZONE}`, "TXT");
    expect(whole.whole).toContain(";; Truncated, retrying in TCP mode.");
    expect(whole.flags).toBe("qr aa rd");
    expect(whole.answer.toSorted()).toEqual(
      LONG.map((text) => `long.${ZONE}. 1 IN TXT "${text}"`).toSorted(),
    );
  });

  // https://www.rfc-editor.org/rfc/rfc6891#section-6.1.1 (a query with OPT is answered with OPT, one without is not)
  test("is answered with EDNS when it asks with it, and without when not", async () => {
    const opt = /; EDNS: version: 0, flags:; udp: 1232/;
    expect((await dig(ZONE, "A")).whole).toMatch(opt);
    expect((await dig(ZONE, "A", "+noedns")).whole).not.toContain("EDNS");
    const badVersion = await dig(ZONE, "A", "+edns=1", "+noednsnegotiation");
    expect([badVersion.status, badVersion.answer]).toEqual(["BADVERS", []]);
  });

  test("is REFUSED outside of every zone", async () => {
    const said = await dig("example.com", "A");
    expect([said.status, said.flags, said.answer]).toEqual(["REFUSED", "qr rd", []]);
  });
});
