import { Resolver } from "node:dns/promises";
import { request as plainRequest } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openOriginGate } from "../../../src/gate/originGate.ts";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { createDnsService } from "../../../src/localcloud/dns/index.ts";
import type { FaultEffect, FaultOrder } from "../../../src/localcloud/faults/index.ts";
import { frontDoorService } from "../../../src/localcloud/frontDoor/index.ts";
import { CDN, DNS, GROUP, type Harness, makeEdge, openHarness } from "../arm/harness.ts";
import { authorized, raw, startVaultCloud, type VaultCloud } from "../vault/vaultCloud.ts";

const GROUP_VERSION = "2024-03-01";
const SILENCE_MS = 300;
/** However busy the machine is. */
const PATIENT_MS = 20_000;

let cloud: Harness;
let vaultCloud: VaultCloud;

beforeAll(async () => {
  cloud = await openHarness();
  for (const service of [createDnsService(), armService(), frontDoorService(openOriginGate)])
    await cloud.start(service);
  await makeEdge(cloud);
  vaultCloud = await startVaultCloud();
});
afterAll(async () => {
  await vaultCloud.close();
  await cloud.stop();
});
afterEach(() => {
  for (const { context } of [cloud, vaultCloud.core]) context.faults.clear();
});

const set = (order: FaultOrder) => cloud.context.faults.add(order);
const struck = () => cloud.context.faults.list().map((fault) => fault.struck);

describe("Resource Manager", () => {
  const put = (name: string) =>
    cloud.arm("PUT", `Microsoft.Network/dnsZones/local.test/TXT/${name}`, DNS, {
      properties: { TTL: 1, TXTRecords: [{ value: ["x"] }] },
    });
  const statusOf = async (name: string) =>
    (await cloud.arm("GET", `Microsoft.Network/dnsZones/local.test/TXT/${name}`, DNS)).status;

  test("refuses with status, code and Retry-After, and carries nothing out", async () => {
    set({ service: "arm", effect: { kind: "status", status: 429, retryAfterSeconds: 7 }, method: "PUT" });
    const { status, body, headers } = await put("busy");
    expect([status, body.error.code, headers.get("retry-after")]).toEqual([429, "TooManyRequests", "7"]);
    expect(await statusOf("busy")).toBe(404);
    expect(struck()).toEqual([1]);
  });

  test("cut before, nothing was carried out; cut after, everything was", async () => {
    set({ service: "arm", effect: { kind: "cut", moment: "before" }, path: "/TXT/early", times: 1 });
    set({ service: "arm", effect: { kind: "cut", moment: "after" }, path: "/TXT/late", times: 1 });
    await expect(put("early")).rejects.toMatchObject({ cause: { code: expect.stringMatching(CUT) } });
    await expect(put("late")).rejects.toMatchObject({ cause: { code: expect.stringMatching(CUT) } });
    expect([await statusOf("early"), await statusOf("late")]).toEqual([404, 200]);
  });

  test("answers later, and in between others", async () => {
    set({ service: "arm", effect: { kind: "latency", latencyMs: 1_500 }, path: "/TXT/slow" });
    const order: string[] = [];
    await Promise.all([
      statusOf("slow").then(() => order.push("slow")),
      statusOf("quick").then(() => order.push("quick")),
    ]);
    expect(order).toEqual(["quick", "slow"]);
  });

  test("accepts and never answers, and others are not held up (F37)", async () => {
    set({ service: "arm", effect: { kind: "silence" }, path: "/TXT/hole" });
    const hole = statusOf("hole").catch(() => "cut at the end");
    const first = await Promise.race([hole, statusOf("other")]);
    expect(first).toBe(404);
    expect(await isSilent(hole)).toBe(true);
  });
});

const CUT = /ECONNRESET|UND_ERR_SOCKET/;

async function isSilent(answer: Promise<unknown>): Promise<boolean> {
  const silence = new Promise<string>((resolve) => setTimeout(() => resolve("silence"), SILENCE_MS));
  return (await Promise.race([answer, silence])) === "silence";
}

describe("Key Vault and the identity's endpoint", () => {
  const setThere = (order: FaultOrder) => vaultCloud.core.context.faults.add(order);
  const secret = (method: string, body?: object) =>
    raw(
      vaultCloud,
      method,
      "/secrets/canary?api-version=7.4",
      { ...authorized(vaultCloud), "content-type": "application/json" },
      body === undefined ? undefined : JSON.stringify(body),
    );

  test("one vault is busy, or has the name in a state that passes, in its own shapes", async () => {
    setThere({ service: "vault", effect: { kind: "status", status: 429 }, name: "tenants", times: 1 });
    const busy = await secret("GET");
    expect([busy.status, busy.headers["retry-after"]]).toEqual([429, "1"]);
    expect(busy.body).toMatchObject({ error: { code: "Throttled" } });
    const code = "ObjectIsBeingRecovered";
    setThere({ service: "vault", effect: { kind: "status", status: 409, code }, method: "PUT" });
    expect((await secret("PUT", { value: "x" })).body).toMatchObject({
      error: { code: "Conflict", innererror: { code } },
    });
    expect((await secret("GET")).status).toBe(404);
  });

  test("another vault's fault is not this one's", async () => {
    setThere({ service: "vault", effect: { kind: "status", status: 500 }, name: "platform" });
    expect((await secret("GET")).status).toBe(404);
  });

  test("a write that was carried out before the cut is there", async () => {
    setThere({ service: "vault", effect: { kind: "cut", moment: "after" }, method: "PUT", times: 1 });
    await expect(secret("PUT", { value: "kept" })).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await secret("GET")).body).toMatchObject({ value: "kept" });
  });

  test("no token is given", async () => {
    setThere({ service: "identity", effect: { kind: "status", status: 500 } });
    const asked = await fetch(process.env.IDENTITY_ENDPOINT ?? "");
    expect([asked.status, await asked.json()]).toMatchObject([
      500,
      { statusCode: 500, error: { code: "InternalServerError" } },
    ]);
  });
});

describe("DNS", () => {
  const port = () => cloud.context.portOf("dns");
  function ask(name: string, timeout = PATIENT_MS): Promise<unknown> {
    const resolver = new Resolver({ timeout, tries: 1 });
    resolver.setServers([`127.0.0.1:${port()}`]);
    return resolver.resolveTxt(name).catch((error: NodeJS.ErrnoException) => error.code);
  }

  test.each([
    ["servfail", "ESERVFAIL"],
    ["silence", "ETIMEOUT"],
  ] as const)("%s is what a resolver sees, for the asked names only", async (kind, code) => {
    set({ service: "dns", effect: { kind } as FaultEffect, method: "TXT", path: "acme.local" });
    expect(await ask("acme.local.test", kind === "silence" ? SILENCE_MS : PATIENT_MS)).toBe(code);
    expect(await ask("other.local.test")).toBe("ENOTFOUND");
    expect(struck()).toEqual([1]);
  });
});

describe("Front Door", () => {
  beforeAll(async () => {
    const domain = "Microsoft.Cdn/profiles/p/customDomains/acme";
    const made = await cloud.arm("PUT", domain, CDN, { properties: { hostName: "acme.local.test" } });
    const token = made.body.properties.validationProperties.validationToken;
    await cloud.arm("PUT", "Microsoft.Network/dnsZones/local.test/TXT/_dnsauth.acme", DNS, {
      properties: { TTL: 1, TXTRecords: [{ value: [token] }] },
    });
    await cloud.arm("PUT", "Microsoft.Cdn/profiles/p/afdEndpoints/e/routes/acme", CDN, {
      properties: {
        originGroup: { id: `${GROUP}/providers/Microsoft.Cdn/profiles/p/originGroups/g` },
        customDomains: [{ id: `${GROUP}/providers/${domain}` }],
      },
    });
  });

  function visit(): Promise<{ readonly status: number; readonly code: string }> {
    const url = `http://127.0.0.1:${cloud.context.portOf("frontDoor")}/`;
    return new Promise((resolve, reject) => {
      const call = plainRequest(url, { headers: { host: "acme.local.test" } }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).error?.code }),
        );
      });
      call.on("error", reject);
      call.end();
    });
  }

  test("finds no origin while it is down, and its origin again when the fault is cleared", async () => {
    set({ service: "frontDoor", effect: { kind: "originDown" } });
    expect(await visit()).toEqual({ status: 503, code: "OriginUnavailable" });
    cloud.context.faults.clear();
    // The origin itself answers: it has no master in this test.
    expect(await visit()).toEqual({ status: 503, code: "MasterUnavailable" });
  });
});

test("a request's path is compared as people write it", async () => {
  set({ service: "arm", effect: { kind: "status", status: 503 }, path: "a b" });
  expect((await cloud.arm("GET", `${GROUP}/providers/Microsoft.Network/dnsZones/a%20b`, DNS)).status).toBe(
    503,
  );
  expect((await cloud.arm("GET", "", GROUP_VERSION)).status).toBe(200);
});
