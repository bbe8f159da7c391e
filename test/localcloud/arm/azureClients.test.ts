import { CdnManagementClient } from "@azure/arm-cdn";
import { DnsManagementClient } from "@azure/arm-dns";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { collect, localAzure, POLLING, sendTokenPlainly } from "./azureSdk.ts";
import { GROUP, type Harness, makeEdge, openHarness, SOON, SUBSCRIPTION } from "./harness.ts";

let cloud: Harness;
let cdn: CdnManagementClient;
let dns: DnsManagementClient;

beforeAll(async () => {
  cloud = await openHarness({ settings: { ARM_DELAY_MS: "20" } });
  await cloud.start(armService());
  await waitForEdge();
  const { credential, options } = localAzure(cloud);
  cdn = sendTokenPlainly(new CdnManagementClient(credential, SUBSCRIPTION, options), cloud);
  dns = sendTokenPlainly(new DnsManagementClient(credential, SUBSCRIPTION, options), cloud);
});

afterAll(() => cloud.stop());

/** Operations take 20 ms here, so each step waits for the one before. */
async function waitForEdge(): Promise<void> {
  const arm: Harness["arm"] = async (...request) => {
    const answer = await cloud.arm(...request);
    const poll = answer.headers.get("azure-asyncoperation");
    if (poll !== null) {
      const { pathname } = new URL(poll);
      await vi.waitFor(async () => {
        const { status } = (await cloud.arm("GET", pathname, "2024-03-01")).body;
        if (status !== "Succeeded") throw new Error(status);
      }, SOON);
    }
    return answer;
  };
  await makeEdge({ arm });
}

test("@azure/arm-cdn creates, reads, lists and deletes a domain and its route, polling the operations", async () => {
  const made = await cdn.afdCustomDomains.beginCreateAndWait(
    "rg",
    "p",
    "sdk",
    { hostName: "sdk.local.test" },
    POLLING,
  );
  expect(made).toMatchObject({
    name: "sdk",
    hostName: "sdk.local.test",
    domainValidationState: "Pending",
    provisioningState: "Succeeded",
  });
  const group = { id: `${GROUP}/providers/Microsoft.Cdn/profiles/p/originGroups/g` };
  const route = await cdn.routes.beginCreateAndWait(
    "rg",
    "p",
    "e",
    "sdk",
    { originGroup: group, customDomains: [{ id: made.id ?? "" }] },
    POLLING,
  );
  expect(route.customDomains).toEqual([{ id: made.id, isActive: true }]);
  const names = [];
  for await (const { name } of cdn.afdCustomDomains.listByProfile("rg", "p")) names.push(name);
  expect(names).toEqual(["sdk"]);
  await expect(cdn.afdCustomDomains.beginDeleteAndWait("rg", "p", "sdk", POLLING)).rejects.toMatchObject({
    code: "BadRequest",
    statusCode: 400,
  });
  await cdn.routes.beginDeleteAndWait("rg", "p", "e", "sdk", POLLING);
  await cdn.afdCustomDomains.beginDeleteAndWait("rg", "p", "sdk", POLLING);
  await expect(cdn.afdCustomDomains.get("rg", "p", "sdk")).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceNotFound",
  });
});

test("@azure/arm-dns writes, reads, lists and deletes record sets", async () => {
  await dns.recordSets.createOrUpdate("rg", "local.test", "sdk", "TXT", {
    ttl: 60,
    txtRecords: [{ value: ["a", "b"] }],
    metadata: { owner: "x" },
  });
  await dns.recordSets.createOrUpdate("rg", "local.test", "www", "CNAME", {
    ttl: 60,
    cnameRecord: { cname: "e.z01.azurefd.net" },
  });
  const text = await dns.recordSets.get("rg", "local.test", "sdk", "TXT");
  expect(text).toMatchObject({
    ttl: 60,
    txtRecords: [{ value: ["a", "b"] }],
    metadata: { owner: "x" },
    fqdn: "sdk.local.test.",
  });
  const names = [];
  for await (const { name } of dns.recordSets.listByDnsZone("rg", "local.test")) names.push(name);
  expect(names).toEqual(["www", "@", "@", "sdk"]);
  expect(await collect(dns.recordSets.listByDnsZone("rg", "local.test", { top: 3 }))).toHaveLength(4);
  const { soaRecord } = await dns.recordSets.get("rg", "local.test", "@", "SOA");
  expect(soaRecord).toMatchObject({ host: "ns1-01.azure-dns.com.", minimumTtl: 300 });
  expect((await dns.zones.get("rg", "local.test")).nameServers).toHaveLength(4);
  await dns.recordSets.delete("rg", "local.test", "sdk", "TXT");
  await expect(dns.recordSets.get("rg", "local.test", "sdk", "TXT")).rejects.toMatchObject({
    statusCode: 404,
  });
});
