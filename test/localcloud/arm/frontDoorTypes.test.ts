import { afterEach, beforeEach, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { CDN, DNS, GROUP, type Harness, makeEdge, openHarness, SOON } from "./harness.ts";

let cloud: Harness;
const IN_GROUP = `${GROUP}/providers/`;
const PROFILE = "Microsoft.Cdn/profiles/p";
const domain = (name: string) => `${PROFILE}/customDomains/${name}`;
const route = (name: string) => `${PROFILE}/afdEndpoints/e/routes/${name}`;

async function open(settings: Record<string, string> = {}): Promise<void> {
  cloud = await openHarness({ settings });
  await cloud.start(armService());
  await makeEdge(cloud);
}

beforeEach(() => open());
afterEach(() => cloud.stop());

const putDomain = (name: string) =>
  cloud.arm("PUT", domain(name), CDN, { properties: { hostName: `${name}.local.test` } });
const putRoute = (name: string, domains: readonly string[], group = "g") =>
  cloud.arm("PUT", route(name), CDN, {
    properties: {
      originGroup: { id: `${IN_GROUP}${PROFILE}/originGroups/${group}` },
      customDomains: domains.map((each) => ({ id: `${IN_GROUP}${domain(each)}` })),
    },
  });
const putCname = (name: string, cname: string) =>
  cloud.arm("PUT", `Microsoft.Network/dnsZones/local.test/CNAME/${name}`, DNS, {
    properties: { TTL: 1, CNAMERecord: { cname } },
  });
const putToken = (name: string, token: string) =>
  cloud.arm("PUT", `Microsoft.Network/dnsZones/local.test/TXT/_dnsauth.${name}`, DNS, {
    properties: { TTL: 1, TXTRecords: [{ value: [token] }] },
  });
const stateOf = async (name: string) =>
  (await cloud.arm("GET", domain(name), CDN)).body.properties.domainValidationState;

test("an endpoint's host is its name in Front Door's zone", async () => {
  expect((await cloud.arm("GET", `${PROFILE}/afdEndpoints/e`, CDN)).body.properties.hostName).toBe(
    "e.z01.azurefd.net",
  );
});

test("a domain is approved once its own token stands in its TXT record", async () => {
  const token = (await putDomain("acme")).body.properties.validationProperties.validationToken;
  expect(await stateOf("acme")).toBe("Pending");
  await putToken("acme", `${token}x`);
  expect(await stateOf("acme")).toBe("Pending");
  await putToken("acme", token);
  expect(await stateOf("acme")).toBe("Approved");
});

test("ids and tokens are the same for the same domain made again", async () => {
  const first = (await putDomain("acme")).body;
  await cloud.arm("DELETE", domain("acme"), CDN);
  const second = (await putDomain("acme")).body;
  expect([second.id, second.properties.validationProperties.validationToken]).toEqual([
    first.id,
    first.properties.validationProperties.validationToken,
  ]);
});

test("validation takes as long as it is set to", async () => {
  await cloud.stop();
  await open({ VALIDATION_DELAY_MS: "1500" });
  const token = (await putDomain("acme")).body.properties.validationProperties.validationToken;
  await putToken("acme", token);
  expect(await stateOf("acme")).toBe("Pending");
  await expect.poll(() => stateOf("acme"), SOON).toBe("Approved");
});

test("a domain that a CNAME points at is not deleted", async () => {
  await putDomain("acme");
  await putCname("acme", "e.z01.azurefd.net.");
  const refused = await cloud.arm("DELETE", domain("acme"), CDN);
  expect(refused.status).toBe(400);
  expect(refused.body.error).toEqual({
    code: "BadRequest",
    message:
      'Cannot delete custom domain "acme.local.test" because it is still CNAMEd to "e.z01.azurefd.net". Remove the CNAME record first.',
  });
  await putCname("acme", "elsewhere.test");
  expect((await cloud.arm("DELETE", domain("acme"), CDN)).status).toBe(200);
});

test("a domain that a route serves is not deleted", async () => {
  await putDomain("acme");
  expect((await putRoute("acme", ["acme"])).status).toBe(201);
  const refused = await cloud.arm("DELETE", domain("acme"), CDN);
  expect(refused.body.error).toEqual({
    code: "BadRequest",
    message:
      "This resource is still associated with a route. Please delete the association with the route first before deleting this resource.",
  });
  expect((await cloud.arm("DELETE", route("acme"), CDN)).status).toBe(200);
  expect((await cloud.arm("DELETE", domain("acme"), CDN)).status).toBe(200);
});

test("a route needs domains and an origin group that are there, and a domain has one route", async () => {
  expect((await putRoute("acme", ["acme"])).body.error.code).toBe("InvalidResource");
  expect((await putRoute("acme", [], "none")).body.error.code).toBe("InvalidResource");
  await putDomain("acme");
  await putRoute("acme", ["acme"]);
  const message =
    "The route domains, paths and protocols configuration has a conflict. More information: Domain: acme.local.test, Path pattern: /*, Protocol: Http cannot be added to Route second as this combination already exists in Endpoint e, Route acme..";
  expect((await putRoute("second", ["acme"])).body.error).toEqual({ code: "BadRequest", message });
  expect((await cloud.arm("GET", route("acme"), CDN)).body.properties.customDomains).toEqual([
    { id: `${IN_GROUP}${domain("acme")}`, isActive: true },
  ]);
});

test("a host belongs to one domain and never changes", async () => {
  await putDomain("acme");
  const twin = await cloud.arm("PUT", domain("twin"), CDN, { properties: { hostName: "ACME.local.test" } });
  expect(twin.body.error.code).toBe("Conflict");
  const moved = await cloud.arm("PUT", domain("acme"), CDN, { properties: { hostName: "other.local.test" } });
  expect(moved.body.error.code).toBe("BadRequest");
});

test("a profile takes as many domains and routes as its SKU allows", async () => {
  await cloud.stop();
  await open({ STANDARD_LIMIT: "2" });
  const made = [await putDomain("a"), await putDomain("b"), await putDomain("c")];
  expect(made.map(({ status }) => status)).toEqual([201, 201, 400]);
  expect(made[2]?.body.error.message).toBe(
    "The maximum number of custom domains (2) of a Standard_AzureFrontDoor profile is reached.",
  );
  expect((await putDomain("a")).status).toBe(200);
});

test("what is in use is not deleted", async () => {
  await putRoute("r", []);
  const answers = await Promise.all(
    [`${PROFILE}/afdEndpoints/e`, `${PROFILE}/originGroups/g`, `${PROFILE}/originGroups/g/origins/o`].map(
      (path) => cloud.arm("DELETE", path, CDN),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
});

test("operations take time when they are told to, and a second change waits its turn", async () => {
  await cloud.stop();
  cloud = await openHarness({ settings: { ARM_DELAY_MS: "1500" } });
  await cloud.start(armService());
  await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
  const body = { location: "Global", sku: { name: "Standard_AzureFrontDoor" } };
  const created = await cloud.arm("PUT", PROFILE, CDN, body);
  expect([created.status, created.body.properties.provisioningState]).toEqual([201, "Creating"]);
  expect((await cloud.arm("PUT", PROFILE, CDN, body)).body.error.code).toBe("Conflict");
  const poll = new URL(created.headers.get("azure-asyncoperation") ?? "").pathname;
  expect((await cloud.arm("GET", poll, "2024-03-01")).body.status).toBe("InProgress");
  await expect
    .poll(async () => (await cloud.arm("GET", poll, "2024-03-01")).body.status, SOON)
    .toBe("Succeeded");
  expect((await cloud.arm("GET", PROFILE, CDN)).body.properties.provisioningState).toBe("Succeeded");
});
