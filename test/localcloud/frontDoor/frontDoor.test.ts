import * as fs from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openOriginGate } from "../../../src/gate/originGate.ts";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { frontDoorService } from "../../../src/localcloud/frontDoor/index.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { CDN, DNS, GROUP, type Harness, makeEdge, openHarness, SOON } from "../arm/harness.ts";

let postgres: TestPostgres;
let cloud: Harness;
const PROFILE = "Microsoft.Cdn/profiles/p";
const id = (path: string) => `${GROUP}/providers/${PROFILE}/${path}`;

/** Master as its own migration makes it, with one tenant in every state. */
beforeAll(async () => {
  postgres = await startTestPostgres();
  const master = new pg.Client(postgres.superuserUrl);
  await master.connect();
  await master.query(
    await fs.readFile(new URL("../../../migrations/master/0001_identity.sql", import.meta.url), "utf8"),
  );
  for (const status of [
    "active",
    "suspended",
    "provisioning",
    "deleting",
    "deleted",
    "purging",
    "provisioning_failed",
    "purged",
  ]) {
    const slug = status.replace("_", "-");
    await master.query(
      `WITH made AS (INSERT INTO identity.tenant (id, slug, stack, status, database_name, role_name, secret_name, hosts)
         VALUES (gen_random_uuid(), $1, $1, $2, $1, $1, $1, ARRAY[$3]) RETURNING id)
       INSERT INTO identity.tenant_host SELECT $3, id FROM made`,
      [slug, status, `${slug}.local.test`],
    );
  }
  await master.end();
});

afterAll(() => postgres.stop());

beforeEach(() => open({ "kv-platform/master-read": postgres.superuserUrl }));
afterEach(() => cloud.stop());

async function open(secrets: Record<string, string>, settings: Record<string, string> = {}): Promise<void> {
  cloud = await openHarness({ secrets, settings });
  await cloud.start(armService());
  await cloud.start(frontDoorService(openOriginGate));
  await makeEdge(cloud);
}

async function reopen(secrets: Record<string, string>, settings: Record<string, string> = {}): Promise<void> {
  await cloud.stop();
  await open(secrets, settings);
}

const putDomain = (slug: string) =>
  cloud.arm("PUT", `${PROFILE}/customDomains/${slug}`, CDN, {
    properties: { hostName: `${slug}.local.test` },
  });
const putRoute = (slug: string, properties: object = {}) =>
  cloud.arm("PUT", `${PROFILE}/afdEndpoints/e/routes/${slug}`, CDN, {
    properties: {
      originGroup: { id: id("originGroups/g") },
      customDomains: [{ id: id(`customDomains/${slug}`) }],
      ...properties,
    },
  });
const putToken = (slug: string, token: string) =>
  cloud.arm("PUT", `Microsoft.Network/dnsZones/local.test/TXT/_dnsauth.${slug}`, DNS, {
    properties: { TTL: 1, TXTRecords: [{ value: [token] }] },
  });

/** Domain, route and the TXT record that proves it. */
async function serve(slug: string): Promise<void> {
  const { body } = await putDomain(slug);
  await putRoute(slug);
  await putToken(slug, body.properties.validationProperties.validationToken);
}

interface Got {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several shapes
  readonly body: any;
}

/** `fetch` doesn't let a caller set `Host`. */
function get(
  host: string,
  options: { port?: number; path?: string; method?: string; body?: string } = {},
): Promise<Got> {
  const { port = cloud.context.portOf("frontDoor"), path = "/", method = "GET", body } = options;
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers: { host } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: JSON.parse(Buffer.concat(chunks).toString()),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

test.each([
  ["active", 200, { slug: "active", status: "active" }],
  [
    "suspended",
    403,
    { error: { code: "TenantSuspended", message: "The tenant of 'suspended.local.test' is suspended." } },
  ],
  [
    "provisioning",
    503,
    {
      error: {
        code: "TenantProvisioning",
        message: "The tenant of 'provisioning.local.test' is being made.",
      },
    },
  ],
  [
    "deleting",
    503,
    {
      error: { code: "TenantUnavailable", message: "The tenant of 'deleting.local.test' is not available." },
    },
  ],
  [
    "deleted",
    503,
    { error: { code: "TenantUnavailable", message: "The tenant of 'deleted.local.test' is not available." } },
  ],
  [
    "purging",
    503,
    { error: { code: "TenantUnavailable", message: "The tenant of 'purging.local.test' is not available." } },
  ],
  [
    "provisioning-failed",
    404,
    { error: { code: "TenantNotFound", message: "No tenant answers on 'provisioning-failed.local.test'." } },
  ],
  [
    "purged",
    404,
    { error: { code: "TenantNotFound", message: "No tenant answers on 'purged.local.test'." } },
  ],
  [
    "nobody",
    404,
    { error: { code: "TenantNotFound", message: "No tenant answers on 'nobody.local.test'." } },
  ],
] as const)("through Front Door a tenant that is %s answers %i", async (slug, status, body) => {
  await serve(slug);
  const got = await get(`${slug}.local.test`);
  expect({ status: got.status, body: got.body }).toEqual({ status, body });
  expect(got.headers["retry-after"]).toBe(slug === "provisioning" ? "30" : undefined);
});

test("an unknown host is 404 with a body, whatever its tenant is", async () => {
  const got = await get("active.local.test");
  expect(got.status).toBe(404);
  expect(got.body.error).toEqual({
    code: "HostNotFound",
    message: "Our services aren't available for 'active.local.test': no approved domain on an enabled route.",
  });
});

test("a domain serves when it is approved and on an enabled route of an enabled endpoint", async () => {
  const status = async () => (await get("Active.Local.test:80")).status;
  const { body } = await putDomain("active");
  await putToken("active", body.properties.validationProperties.validationToken);
  expect(await status()).toBe(404);
  await putRoute("active", { enabledState: "Disabled" });
  expect(await status()).toBe(404);
  await putRoute("active");
  expect(await status()).toBe(200);
  await cloud.arm("PATCH", `${PROFILE}/afdEndpoints/e`, CDN, { properties: { enabledState: "Disabled" } });
  expect(await status()).toBe(404);
  await cloud.arm("PATCH", `${PROFILE}/afdEndpoints/e`, CDN, { properties: { enabledState: "Enabled" } });
  await putToken("active", "another");
  expect(await status()).toBe(200);
});

test("a slow validation serves nothing until it is over", async () => {
  await reopen({ "kv-platform/master-read": postgres.superuserUrl }, { VALIDATION_DELAY_MS: "1500" });
  await serve("active");
  expect((await get("active.local.test")).status).toBe(404);
  await expect.poll(async () => (await get("active.local.test")).status, SOON).toBe(200);
});

test("the endpoint's own host serves when a route is linked to it", async () => {
  expect((await get("e.z01.azurefd.net")).status).toBe(404);
  await putRoute("default", { customDomains: [], linkToDefaultDomain: "Enabled" });
  expect((await get("e.z01.azurefd.net")).body.error.code).toBe("TenantNotFound");
});

test("a platform without master, and a master that is down, are 503", async () => {
  await reopen({});
  await serve("active");
  expect((await get("active.local.test")).body.error).toEqual({
    code: "MasterUnavailable",
    message: "The tenants' directory can't be asked at the moment.",
  });
  await reopen({ "kv-platform/master-admin": "postgres://x:canary@127.0.0.1:1/x" });
  await serve("active");
  const got = await get("active.local.test");
  expect([got.status, got.body.error.code]).toEqual([503, "MasterUnavailable"]);
  expect(JSON.stringify(got.body)).not.toContain("canary");
});

test("an origin that is down or not on this machine is 503 and named; the next one is tried first", async () => {
  const origins = `${PROFILE}/originGroups/g/origins`;
  await serve("active");
  await cloud.arm("PUT", `${origins}/o`, CDN, { properties: { hostName: "app.example.com", priority: 2 } });
  await cloud.arm("PUT", `${origins}/down`, CDN, { properties: { hostName: "127.0.0.1", httpPort: 1 } });
  const got = await get("active.local.test");
  expect(got.status).toBe(503);
  expect(got.body.error.message).toContain("'app.example.com' is not on this machine");
  expect(got.body.error.message).toContain("ECONNREFUSED");
  await cloud.arm("PUT", `${origins}/o`, CDN, { properties: { hostName: "origin.local.test", priority: 2 } });
  expect((await get("active.local.test")).status).toBe(200);
  await cloud.arm("PATCH", `${origins}/o`, CDN, { properties: { enabledState: "Disabled" } });
  const last = await cloud.arm("PATCH", `${origins}/down`, CDN, { properties: { enabledState: "Disabled" } });
  expect(last.body.error.message).toContain("Cannot disable or delete the last origin");
  const down = `${GROUP}/providers/${origins}/down`.toLowerCase();
  const stored = cloud.store.get<{ properties: object }>("arm", down);
  const properties = { ...stored?.properties, enabledState: "Disabled" };
  await cloud.store.put("arm", down, { ...stored, properties });
  expect((await get("active.local.test")).body.error.message).toContain("the group has no enabled origin");
});

test("an origin gets path, body, the asked host and Front Door's id", async () => {
  const app = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { host, "x-forwarded-for": client, "x-azure-fdid": frontDoorId } = request.headers;
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          host,
          client,
          frontDoorId,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  try {
    await serve("active");
    const { port } = app.address() as AddressInfo;
    await cloud.arm("PUT", `${PROFILE}/originGroups/g/origins/o`, CDN, {
      properties: { hostName: "localhost", httpPort: port },
    });
    const { body } = await get("active.local.test", { path: "/a?b=c", method: "POST", body: "hello" });
    const frontDoorId = (await cloud.arm("GET", PROFILE, CDN)).body.properties.frontDoorId;
    expect(body).toEqual({
      method: "POST",
      url: "/a?b=c",
      host: "active.local.test",
      client: "127.0.0.1",
      frontDoorId,
      body: "hello",
    });
    const properties = { hostName: "localhost", httpPort: port, originHostHeader: "app.example.com" };
    await cloud.arm("PUT", `${PROFILE}/originGroups/g/origins/o`, CDN, { properties });
    expect((await get("active.local.test")).body.host).toBe("app.example.com");
  } finally {
    app.close();
  }
});
