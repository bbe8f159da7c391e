import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  EdgeRefusedError,
  EdgeUnreachableError,
  lookupCname,
  lookupTxt,
  openEdge,
  probeHost,
} from "../../src/edge/index.ts";
import { startTestKeyVault, type TestKeyVault } from "../vault/keyVault.ts";
import { EDGE_TARGET, PATHS, startTestAzure, type TestAzure } from "./azure.ts";

let identity: TestKeyVault;
let azure: TestAzure;
const edge = openEdge(EDGE_TARGET);

beforeAll(async () => {
  identity = await startTestKeyVault();
  azure = await startTestAzure();
});
afterAll(async () => {
  await azure.stop();
  await identity.stop();
});
beforeEach(() => {
  azure.resources.clear();
  azure.cnames.clear();
});

describe("Resource Manager by name", () => {
  test("what isn't there is nothing, and its removal is done", async () => {
    expect(await edge.recordSet("CNAME", "acme")).toBeUndefined();
    expect(await edge.customDomain("tenant-acme")).toBeUndefined();
    expect(await edge.hasRoute("tenant-acme")).toBe(false);
    await edge.removeRecordSet("CNAME", "acme");
    await edge.removeRoute("tenant-acme");
    await edge.removeCustomDomain("tenant-acme");
  });

  test("record sets come with values and metadata", async () => {
    azure.put(PATHS.cname("acme"), {
      TTL: 300,
      CNAMERecord: { cname: "edge.example" },
      metadata: { "tenantry-id": "1" },
    });
    azure.put(PATHS.txt("acme"), { TTL: 300, TXTRecords: [{ value: ["to", "ken"] }], metadata: {} });
    expect(await edge.recordSet("CNAME", "acme")).toEqual({
      values: ["edge.example"],
      metadata: { "tenantry-id": "1" },
    });
    expect(await edge.recordSet("TXT", "_dnsauth.acme")).toEqual({ values: ["token"], metadata: {} });
  });

  test("a domain tells its host and validation, a route that it is there", async () => {
    azure.put(PATHS.domain("acme"), {
      hostName: "acme.local.tenantry.test",
      domainValidationState: "Pending",
    });
    azure.put(PATHS.route("acme"), {});
    expect(await edge.customDomain("tenant-acme")).toEqual({
      hostName: "acme.local.tenantry.test",
      validationState: "Pending",
      validationToken: "",
    });
    expect(await edge.hasRoute("tenant-acme")).toBe(true);
  });

  test("an expired validation is given another token", async () => {
    azure.put(PATHS.domain("acme"), { hostName: "portal.acme.example", domainValidationState: "TimedOut" });
    await edge.renewValidation("tenant-acme");
    expect(await edge.customDomain("tenant-acme")).toEqual({
      hostName: "portal.acme.example",
      validationState: "Pending",
      validationToken: "_new",
    });
  });

  test("F42: a domain that is still CNAMEd is refused, and goes after the CNAME", async () => {
    azure.put(PATHS.domain("acme"), { hostName: "acme.local.tenantry.test" });
    azure.put(PATHS.cname("acme"), { CNAMERecord: { cname: "edge.example" } });
    await expect(edge.removeCustomDomain("tenant-acme")).rejects.toBeInstanceOf(EdgeRefusedError);
    await edge.removeRecordSet("CNAME", "acme");
    await edge.removeCustomDomain("tenant-acme");
    expect([...azure.resources.keys()]).toEqual([]);
  });

  test("no answer is unreachable", async () => {
    const before = process.env.TENANTRY_ARM_URL;
    process.env.TENANTRY_ARM_URL = "http://127.0.0.1:1";
    try {
      await expect(edge.hasRoute("tenant-acme")).rejects.toBeInstanceOf(EdgeUnreachableError);
    } finally {
      process.env.TENANTRY_ARM_URL = before;
    }
  });
});

describe("names", () => {
  test("a CNAME is answered, and none is nothing", async () => {
    azure.cnames.set("acme.local.tenantry.test", "edge.example");
    expect(await lookupCname("acme.local.tenantry.test")).toBe("edge.example");
    expect(await lookupCname("other.local.tenantry.test")).toBeUndefined();
    expect(await lookupTxt("_dnsauth.other.local.tenantry.test")).toEqual([]);
  });

  test("a name server that doesn't answer is unreachable", async () => {
    const before = process.env.TENANTRY_DNS;
    process.env.TENANTRY_DNS = "127.0.0.1:1";
    try {
      await expect(lookupCname("acme.local.tenantry.test")).rejects.toBeInstanceOf(EdgeUnreachableError);
    } finally {
      process.env.TENANTRY_DNS = before;
    }
  });
});

describe("a probe through Front Door", () => {
  afterEach(() => {
    delete process.env.TENANTRY_FRONT_DOOR;
  });

  test("tells status and body that the host got", async () => {
    const door = createServer((request, response) => {
      response
        .writeHead(request.headers.host === "acme.local.tenantry.test" ? 200 : 404)
        .end(request.headers.host);
    });
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    process.env.TENANTRY_FRONT_DOOR = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    expect(await probeHost("acme.local.tenantry.test")).toEqual({
      isAnswered: true,
      statusCode: 200,
      body: "acme.local.tenantry.test",
    });
    expect(await probeHost("nobody.local.tenantry.test")).toMatchObject({ statusCode: 404 });
    await new Promise((resolve) => door.close(resolve));
  });

  test("no answer is told, not thrown", async () => {
    process.env.TENANTRY_FRONT_DOOR = "http://127.0.0.1:1";
    expect(await probeHost("acme.local.tenantry.test")).toEqual({
      isAnswered: false,
      reason: "connect ECONNREFUSED 127.0.0.1:1",
    });
  });
});
