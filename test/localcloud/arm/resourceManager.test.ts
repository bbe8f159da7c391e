import { afterAll, beforeAll, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { DNS, GROUP, type Harness, openHarness, SOON, SUBSCRIPTION } from "./harness.ts";

let cloud: Harness;
const GROUPS = "2024-03-01";
const ZONE = "Microsoft.Network/dnsZones/local.test";

beforeAll(async () => {
  cloud = await openHarness();
  await cloud.start(armService());
  await cloud.arm("PUT", "", GROUPS, { location: "westeurope", tags: { env: "test" } });
  await cloud.arm("PUT", ZONE, DNS, { location: "Global" });
});

afterAll(() => cloud.stop());

test("a request without one of our tokens is refused", async () => {
  const url = `http://127.0.0.1:${cloud.context.portOf("arm")}${GROUP}?api-version=${GROUPS}`;
  for (const authorization of [
    "",
    "Bearer x.y.z",
    `Bearer ${cloud.context.tokens.issue("https://vault.azure.net")}`,
  ]) {
    const response = await fetch(url, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(((await response.json()) as { error: { code: string } }).error.code).toBe("AuthenticationFailed");
  }
});

test("a group is answered in Resource Manager's shape", async () => {
  const { status, body } = await cloud.arm(
    "GET",
    GROUP.toUpperCase().replace("SUBSCRIPTIONS", "subscriptions"),
    GROUPS,
  );
  expect(status).toBe(200);
  expect(body).toEqual({
    id: GROUP,
    name: "rg",
    type: "Microsoft.Resources/resourceGroups",
    location: "westeurope",
    tags: { env: "test" },
    properties: { provisioningState: "Succeeded" },
    systemData: { createdAt: expect.any(String), lastModifiedAt: expect.any(String) },
  });
});

test.each([
  ["no api-version", "GET", GROUP, "", undefined, 400, "MissingApiVersionParameter", "api-version"],
  [
    "another api-version",
    "GET",
    GROUP,
    "1999-01-01",
    undefined,
    400,
    "InvalidApiVersionParameter",
    "'1999-01-01'",
  ],
  [
    "a name with a slash",
    "GET",
    `${GROUP}%2Fproviders%2F${encodeURIComponent(ZONE)}`,
    GROUPS,
    undefined,
    400,
    "InvalidRequestUri",
    "%2F",
  ],
  ["a name that isn't encoded", "GET", `${GROUP}%`, GROUPS, undefined, 400, "InvalidRequestUri", "rg%"],
  ["another path", "GET", "/providers/x", GROUPS, undefined, 400, "InvalidRequestUri", "/providers/x"],
  [
    "a missing group",
    "GET",
    `/subscriptions/${SUBSCRIPTION}/resourceGroups/none`,
    GROUPS,
    undefined,
    404,
    "ResourceGroupNotFound",
    "'none'",
  ],
  [
    "a resource in a missing group",
    "PUT",
    `/subscriptions/${SUBSCRIPTION}/resourceGroups/none/providers/${ZONE}`,
    DNS,
    { location: "Global" },
    404,
    "ResourceGroupNotFound",
    "'none'",
  ],
  [
    "a missing zone",
    "GET",
    "Microsoft.Network/dnsZones/other.test",
    DNS,
    undefined,
    404,
    "ResourceNotFound",
    "other.test",
  ],
  [
    "a record in a missing zone",
    "PUT",
    "Microsoft.Network/dnsZones/other.test/A/www",
    DNS,
    { properties: { TTL: 1, ARecords: [{ ipv4Address: "127.0.0.1" }] } },
    404,
    "ParentResourceNotFound",
    "other.test",
  ],
  [
    "an unknown type",
    "PUT",
    "Microsoft.Storage/storageAccounts/x",
    "2024-01-01",
    {},
    400,
    "UnsupportedByLocalCloud",
    "Microsoft.Storage/storageAccounts",
  ],
  [
    "an unknown record type",
    "PUT",
    `${ZONE}/MX/@`,
    DNS,
    { properties: {} },
    400,
    "UnsupportedByLocalCloud",
    "dnsZones/MX",
  ],
  ["an unknown verb", "POST", ZONE, DNS, {}, 400, "UnsupportedByLocalCloud", "POST"],
  [
    "an unknown property",
    "PUT",
    ZONE,
    DNS,
    { location: "Global", properties: { x: 1 } },
    400,
    "UnsupportedProperty",
    "'properties.x'",
  ],
  [
    "an unknown member",
    "PUT",
    ZONE,
    DNS,
    { location: "Global", plan: {} },
    400,
    "UnsupportedProperty",
    "'plan'",
  ],
  ["a missing property", "PUT", ZONE, DNS, {}, 400, "InvalidRequestContent", "'location'"],
  ["a wrong word", "PUT", ZONE, DNS, { location: "mars" }, 400, "InvalidRequestContent", "got 'mars'"],
  [
    "a wrong kind",
    "PUT",
    `${ZONE}/TXT/a`,
    DNS,
    { properties: { TTL: "1", TXTRecords: [] } },
    400,
    "InvalidRequestContent",
    "must be a number; got '1'",
  ],
  ["no body", "PUT", ZONE, DNS, undefined, 400, "InvalidRequestContent", "object"],
  [
    "a bad name",
    "PUT",
    "Microsoft.Network/dnsZones/local",
    DNS,
    { location: "Global" },
    400,
    "InvalidResourceName",
    "'local'",
  ],
] as const)("%s is refused by name", async (_what, method, path, version, body, status, code, text) => {
  const answer = await cloud.arm(method, path, version, body as object | undefined);
  expect({ status: answer.status, code: answer.body.error.code }).toEqual({ status, code });
  expect(answer.body.error.message).toContain(text);
});

test("a record set lives from create over conditional change to delete", async () => {
  const path = `${ZONE}/CNAME/www`;
  const record = (cname: string) => ({
    properties: { TTL: 60, CNAMERecord: { cname }, metadata: { owner: "me" } },
  });
  const created = await cloud.arm("PUT", path, DNS, record("a.test"));
  expect(created.status).toBe(201);
  expect(created.body.properties).toEqual({
    TTL: 60,
    CNAMERecord: { cname: "a.test" },
    metadata: { owner: "me" },
    fqdn: "www.local.test.",
    provisioningState: "Succeeded",
  });
  const changed = await cloud.arm("PUT", path, DNS, record("b.test"));
  expect(changed.status).toBe(200);
  expect(changed.body.etag).not.toBe(created.body.etag);
  const patched = await cloud.arm("PATCH", path, DNS, { properties: { TTL: 5 } });
  expect(patched.body.properties).toMatchObject({ TTL: 5, CNAMERecord: { cname: "b.test" } });
  expect(
    (await cloud.arm("GET", `${ZONE}/recordsets`, DNS)).body.value.map((each: { name: string }) => each.name),
  ).toEqual(["www", "@", "@"]);
  expect((await cloud.arm("GET", ZONE, DNS)).body.properties.numberOfRecordSets).toBe(3);
  expect((await cloud.arm("DELETE", path, DNS)).status).toBe(200);
  expect((await cloud.arm("DELETE", path, DNS)).status).toBe(204);
});

test("If-Match and If-None-Match are honoured", async () => {
  const url = `http://127.0.0.1:${cloud.context.portOf("arm")}${GROUP}/providers/${ZONE}/TXT/cond?api-version=${DNS}`;
  const authorization = `Bearer ${cloud.context.tokens.issue("https://management.azure.com")}`;
  const put = (headers: Record<string, string>) =>
    fetch(url, {
      method: "PUT",
      headers: { authorization, ...headers },
      body: JSON.stringify({ properties: { TTL: 1, TXTRecords: [{ value: ["x"] }] } }),
    });
  expect((await put({ "if-none-match": "*" })).status).toBe(201);
  expect((await put({ "if-none-match": "*" })).status).toBe(412);
  expect((await put({ "if-match": "other" })).status).toBe(412);
  const { etag } = (await (await fetch(url, { headers: { authorization } })).json()) as { etag: string };
  expect((await put({ "if-match": etag })).status).toBe(200);
});

test("a CNAME stands alone at its name", async () => {
  const txt = { properties: { TTL: 1, TXTRecords: [{ value: ["x"] }] } };
  const cname = { properties: { TTL: 1, CNAMERecord: { cname: "x.test" } } };
  await cloud.arm("PUT", `${ZONE}/TXT/mixed`, DNS, txt);
  expect((await cloud.arm("PUT", `${ZONE}/CNAME/mixed`, DNS, cname)).body.error.code).toBe("Conflict");
  expect((await cloud.arm("PUT", `${ZONE}/CNAME/@`, DNS, cname)).body.error.code).toBe("BadRequest");
  await cloud.arm("PUT", `${ZONE}/CNAME/alone`, DNS, cname);
  expect((await cloud.arm("PUT", `${ZONE}/TXT/alone`, DNS, txt)).body.error.code).toBe("Conflict");
});

test("a deleted group takes everything with it, and the operation tells", async () => {
  const other = `/subscriptions/${SUBSCRIPTION}/resourceGroups/other`;
  await cloud.arm("PUT", other, GROUPS, { location: "westeurope" });
  await cloud.arm("PUT", `${other}/providers/Microsoft.Network/dnsZones/gone.test`, DNS, {
    location: "Global",
  });
  const deleted = await cloud.arm("DELETE", other, GROUPS);
  expect(deleted.status).toBe(202);
  await expect.poll(async () => (await cloud.arm("GET", other, GROUPS)).status, SOON).toBe(404);
  const poll = new URL(deleted.headers.get("azure-asyncoperation") ?? "");
  expect((await cloud.arm("GET", poll.pathname, GROUPS)).body.status).toBe("Succeeded");
  expect(cloud.context.store.list("arm", other.toLowerCase())).toEqual([]);
});

test("groups and resources are listed", async () => {
  const groups = await cloud.arm("GET", `/subscriptions/${SUBSCRIPTION}/resourceGroups`, GROUPS);
  expect(groups.body.value.map((each: { name: string }) => each.name)).toEqual(["rg"]);
  const zones = await cloud.arm("GET", "Microsoft.Network/dnsZones", DNS);
  expect(zones.body.value.map((each: { name: string }) => each.name)).toEqual(["local.test"]);
});
