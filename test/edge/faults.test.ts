import * as fs from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EdgeRefusedError, EdgeUnreachableError, lookupCname, openEdge } from "../../src/edge/index.ts";
import { armService } from "../../src/localcloud/arm/index.ts";
import { createDnsService } from "../../src/localcloud/dns/index.ts";
import type { FaultOrder } from "../../src/localcloud/faults/index.ts";
import { createIdentityService, IDENTITY_PATH, identityHeader } from "../../src/localcloud/identity/index.ts";
import { CDN, DNS, type Harness, makeEdge, openHarness, SUBSCRIPTION } from "../localcloud/arm/harness.ts";

/** For a request that is never answered. */
const TIMEOUT_MS = 700;
const HOST = "acme.local.test";
const edge = openEdge({
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "rg",
  zone: "local.test",
  profile: "p",
  endpoint: "e",
});

let cloud: Harness;

beforeAll(async () => {
  cloud = await openHarness({ settings: { STANDARD_LIMIT: "2" } });
  const { context } = cloud;
  await fs.mkdir(context.home.keys, { recursive: true });
  for (const service of [createIdentityService(), createDnsService(), armService()])
    await cloud.start(service);
  await makeEdge(cloud);
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${context.portOf("identity")}${IDENTITY_PATH}`;
  process.env.IDENTITY_HEADER = await identityHeader(context.home.keys);
  process.env.TENANTRY_ARM_URL = `http://127.0.0.1:${context.portOf("arm")}`;
  process.env.TENANTRY_DNS = `127.0.0.1:${context.portOf("dns")}`;
  await cloud.arm("PUT", "Microsoft.Cdn/profiles/p/customDomains/tenant-acme", CDN, {
    properties: { hostName: HOST },
  });
  await putCname();
});
afterAll(async () => {
  for (const name of ["TENANTRY_ARM_URL", "TENANTRY_DNS"]) delete process.env[name];
  await cloud.stop();
});
afterEach(() => {
  delete process.env.TENANTRY_REQUEST_TIMEOUT_MS;
  cloud.context.faults.clear();
});

const putCname = () =>
  cloud.arm("PUT", "Microsoft.Network/dnsZones/local.test/CNAME/acme", DNS, {
    properties: { TTL: 1, CNAMERecord: { cname: "e.z01.azurefd.net" } },
  });
const set = (order: FaultOrder) => cloud.context.faults.add(order);
const struck = () => cloud.context.faults.list().map((fault) => fault.struck);

describe("an edge that fails on demand", () => {
  test("and accepts requests without an answer is unreachable within the deadline; others are served (F37)", async () => {
    set({ service: "arm", effect: { kind: "silence" }, path: "tenant-hole" });
    // The token is there, and the deadline is this one request's.
    await edge.customDomain("tenant-acme");
    process.env.TENANTRY_REQUEST_TIMEOUT_MS = String(TIMEOUT_MS);
    const hole = edge.customDomain("tenant-hole").catch((error: unknown) => error);
    await expect.poll(struck).toEqual([1]);
    delete process.env.TENANTRY_REQUEST_TIMEOUT_MS;
    expect(await edge.customDomain("tenant-acme")).toMatchObject({ hostName: HOST });
    const error = await hole;
    expect(error).toBeInstanceOf(EdgeUnreachableError);
    expect(String(error)).toContain("it accepted a request and didn't answer within 0.7 s.");
  });

  test("429 is waited out as long as it asks (F41)", async () => {
    set({ service: "arm", effect: { kind: "status", status: 429, retryAfterSeconds: 3 }, times: 1 });
    const start = Date.now();
    expect(await edge.hasRoute("tenant-acme")).toBe(false);
    expect(Date.now() - start).toBeGreaterThanOrEqual(2_900);
    expect(struck()).toEqual([1]);
  });

  test("a name server's SERVFAIL is no answer, not absence", async () => {
    set({ service: "dns", effect: { kind: "servfail" }, path: HOST });
    await expect(lookupCname(HOST)).rejects.toBeInstanceOf(EdgeUnreachableError);
    cloud.context.faults.clear();
    expect(await lookupCname(HOST)).toBe("e.z01.azurefd.net");
  });

  test("Resource Manager itself refuses a domain that is still CNAMEd, and takes it after the CNAME (F42)", async () => {
    await expect(edge.removeCustomDomain("tenant-acme")).rejects.toThrow(/still CNAMEd/);
    await expect(edge.removeCustomDomain("tenant-acme")).rejects.toBeInstanceOf(EdgeRefusedError);
    set({ service: "arm", effect: { kind: "cut", moment: "after" }, method: "DELETE", times: 2 });
    await edge.removeRecordSet("CNAME", "acme");
    await edge.removeCustomDomain("tenant-acme");
    expect(struck()).toEqual([2]);
    expect([await edge.recordSet("CNAME", "acme"), await edge.customDomain("tenant-acme")]).toEqual([
      undefined,
      undefined,
    ]);
  });

  // https://learn.microsoft.com/rest/api/frontdoorservice/azurefrontdoorstandardpremium/afd-profiles/list-resource-usage
  test("Front Door tells how many domains and routes it holds, and how many it may (F43)", async () => {
    await cloud.arm("PUT", "Microsoft.Cdn/profiles/p/customDomains/tenant-one", CDN, {
      properties: { hostName: "one.local.test" },
    });
    expect(await edge.usages()).toEqual([
      { what: "custom domains", used: 1, limit: 2 },
      { what: "routes", used: 0, limit: 2 },
    ]);
  });
});
