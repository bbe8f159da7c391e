import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { armService } from "../../../../src/localcloud/arm/index.ts";
import { DNS, GROUP, type Harness, openHarness } from "../harness.ts";
import { addresses, LIMITS, PAGES, POWERSHELL, ROWS, refused, texts, ZONE } from "./dnsTable.ts";
import { pagesOf, testRows } from "./rows.ts";

let cloud: Harness;

describe("zones and record sets, one after the other", () => {
  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
  });
  afterAll(() => cloud.stop());

  testRows(() => cloud, ROWS);
});

describe("many record sets", () => {
  beforeEach(async () => {
    cloud = await openHarness({ settings: { ZONE_LIMIT: "5" } });
    await cloud.start(armService());
    await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
    await cloud.arm("PUT", ZONE, DNS, { location: "Global" });
  });
  afterEach(() => cloud.stop());

  const put = (name: string) => cloud.arm("PUT", `${ZONE}/A/${name}`, DNS, addresses("127.0.0.1"));

  test(`a zone takes as many record sets as its limit says, SOA and NS among them (${LIMITS})`, async () => {
    expect([(await put("a")).status, (await put("b")).status, (await put("c")).status]).toEqual([
      201, 201, 201,
    ]);
    const one = await put("d");
    expect([one.status, one.body.error]).toEqual([
      400,
      refused("The zone 'zone1.test' has the maximum number of record sets (5)."),
    ]);
    expect((await put("c")).status).toBe(200);
    await cloud.arm("DELETE", `${ZONE}/A/a`, DNS);
    expect((await put("d")).status).toBe(201);
  });

  // https://learn.microsoft.com/rest/api/dns/record-sets/list-by-dns-zone: $top, $recordsetnamesuffix, 100 by default
  test("record sets are listed in pages, by type and by suffix", async () => {
    await put("a");
    await put("b.x");
    await cloud.arm("PUT", `${ZONE}/TXT/c.x`, DNS, texts(["t"]));
    for (const list of ["recordsets", "all"]) {
      expect(await pagesOf(cloud, `${ZONE}/${list}?$top=2`, DNS)).toEqual([
        ["a", "b.x"],
        ["@", "@"],
        ["c.x"],
      ]);
      expect(await pagesOf(cloud, `${ZONE}/${list}?$recordsetnamesuffix=x`, DNS)).toEqual([["b.x", "c.x"]]);
    }
    expect(await pagesOf(cloud, `${ZONE}/A?$top=1`, DNS)).toEqual([["a"], ["b.x"]]);
    const other = await cloud.arm("GET", `${ZONE}/A?$expand=x`, DNS);
    expect(other.body.error).toEqual({
      code: "UnsupportedByLocalCloud",
      message: expect.stringContaining("'$expand'"),
    });
  });

  test(`a list answers 100 record sets at once unless told otherwise (${PAGES}/record-sets/list-by-type)`, async () => {
    const names = Array.from({ length: 101 }, (_, index) => `r${String(index).padStart(3, "0")}`);
    const [, made] = [await put("r000"), cloud.store.list<{ id: string }>("arm").at(-1)];
    const copies = names.slice(1).map((name) => {
      const id = `${made?.doc.id.slice(0, -4)}${name}`;
      return cloud.store.put("arm", id.toLowerCase(), { ...made?.doc, id, name });
    });
    await Promise.all(copies);
    expect(await pagesOf(cloud, `${ZONE}/A`, DNS)).toEqual([names.slice(0, 100), names.slice(100)]);
  });

  test(`conditions say what they are and what is there (${POWERSHELL})`, async () => {
    const url = `http://127.0.0.1:${cloud.context.portOf("arm")}${GROUP}/providers/${ZONE}/A/www?api-version=${DNS}`;
    const ask = async (method: string, headers: Record<string, string>) => {
      const authorization = `Bearer ${cloud.context.tokens.issue("https://management.azure.com")}`;
      const sent = { method, headers: { authorization, ...headers } };
      const response = await fetch(
        url,
        method === "PUT" ? { ...sent, body: JSON.stringify(addresses("127.0.0.1")) } : sent,
      );
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    };
    const failed = (message: string) => ({
      status: 412,
      body: { error: { code: "PreconditionFailed", message } },
    });
    expect(await ask("PUT", { "if-match": "*" })).toEqual(
      failed("The condition '*' in the If-Match header was not satisfied. The current was 'n/a'."),
    );
    const { etag } = (await ask("PUT", { "if-none-match": "*" })).body;
    expect(await ask("PUT", { "if-none-match": "*" })).toEqual(
      failed("The condition '*' in the If-None-Match header was not satisfied. The current was 'n/a'."),
    );
    for (const method of ["PUT", "DELETE"]) {
      expect(await ask(method, { "if-match": "gibberish" })).toEqual(
        failed(
          `The condition 'gibberish' in the If-Match header was not satisfied. The current was '${etag}'.`,
        ),
      );
    }
    expect((await ask("DELETE", { "if-match": etag })).status).toBe(200);
  });
});
