import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { armService } from "../../../../src/localcloud/arm/index.ts";
import { CDN, DNS, type Harness, makeEdge, openHarness, SOON, SUBSCRIPTION } from "../harness.ts";
import { ASYNC, DELETION, GROUPS, ROWS, VERSION } from "./resourceGroupTable.ts";
import { finished, follow, pagesOf, testRows } from "./rows.ts";

let cloud: Harness;

describe("resource groups, one after the other", () => {
  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
  });
  afterAll(() => cloud.stop());

  testRows(() => cloud, ROWS);
});

describe("resource groups with contents", () => {
  beforeEach(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await makeEdge(cloud);
  });
  afterEach(() => cloud.stop());

  const RG = `${GROUPS}/rg`;
  const OTHER = `${GROUPS}/other`;
  const putDomain = () =>
    cloud.arm("PUT", "Microsoft.Cdn/profiles/p/customDomains/acme", CDN, {
      properties: { hostName: "acme.local.test" },
    });
  const cname = { properties: { TTL: 1, CNAMERecord: { cname: "e.z01.azurefd.net" } } };

  // https://learn.microsoft.com/rest/api/resources/resource-groups/list ($top), …/resources/list-by-resource-group
  test("lists are paged by $top, and nextLink leads through all of it", async () => {
    for (const name of ["a", "b", "c"])
      await cloud.arm("PUT", `${GROUPS}/${name}`, VERSION, { location: "westeurope" });
    expect(await pagesOf(cloud, `${GROUPS}?$top=2`, VERSION)).toEqual([
      ["a", "b"],
      ["c", "rg"],
    ]);
    expect(await pagesOf(cloud, `${GROUPS}?$top=4`, VERSION)).toEqual([["a", "b", "c", "rg"]]);
    expect(await pagesOf(cloud, GROUPS, VERSION)).toEqual([["a", "b", "c", "rg"]]);
    expect((await cloud.arm("GET", `${GROUPS}?$skiptoken=x`, VERSION)).body.error.code).toBe("BadRequest");
  });

  // https://learn.microsoft.com/rest/api/resources/resources/list-by-resource-group
  test("a group's resources are listed without properties, by type when asked", async () => {
    const { body } = await cloud.arm("GET", `${RG}/resources`, VERSION);
    expect(body.value).toEqual([
      {
        id: `${RG}/providers/Microsoft.Cdn/profiles/p`,
        name: "p",
        type: "Microsoft.Cdn/profiles",
        location: "Global",
        kind: "frontdoor",
        sku: { name: "Standard_AzureFrontDoor" },
      },
      {
        id: `${RG}/providers/Microsoft.Cdn/profiles/p/afdEndpoints/e`,
        name: "p/e",
        type: "Microsoft.Cdn/profiles/afdEndpoints",
        location: "Global",
      },
      {
        id: `${RG}/providers/Microsoft.Network/dnszones/local.test`,
        name: "local.test",
        type: "Microsoft.Network/dnszones",
        location: "global",
      },
    ]);
    const filter = encodeURIComponent("resourceType eq 'Microsoft.Network/dnsZones'");
    const zones = `/subscriptions/${SUBSCRIPTION}/resources?$filter=${filter}`;
    expect(await pagesOf(cloud, zones, VERSION)).toEqual([["local.test"]]);
    const other = await cloud.arm("GET", `${RG}/resources?$filter=name%20eq%20'p'`, VERSION);
    expect(other.body.error.code).toBe("UnsupportedByLocalCloud");
  });

  // The page: nested resources go first; what answers an error is tried again.
  test(`a group's deletion finds the order that refusals allow (${DELETION})`, async () => {
    await putDomain();
    await cloud.arm("PUT", "Microsoft.Network/dnsZones/local.test/CNAME/acme", DNS, cname);
    const rg = `${RG}/providers/Microsoft.Cdn/profiles/p`;
    const made = await cloud.arm("PUT", "Microsoft.Cdn/profiles/p/afdEndpoints/e/routes/acme", CDN, {
      properties: {
        originGroup: { id: `${rg}/originGroups/g` },
        customDomains: [{ id: `${rg}/customDomains/acme` }],
      },
    });
    expect(made.status).toBe(201);
    const deleted = await cloud.arm("DELETE", RG, VERSION);
    expect(deleted.status).toBe(202);
    expect(await finished(cloud, deleted)).toEqual({
      id: expect.stringMatching(/^\/providers\/Microsoft\.Resources\/operationStatuses\//),
      name: expect.any(String),
      status: "Succeeded",
      startTime: expect.any(String),
      endTime: expect.any(String),
      percentComplete: 100,
    });
    expect((await follow(cloud, deleted.headers.get("location"))).status).toBe(200);
    expect(cloud.store.list("arm")).toEqual([]);
  });

  // Words of Azure: https://github.com/Azure/bicep-registry-modules/pull/1607
  test("a domain that is still CNAMEd from elsewhere blocks its group's deletion, which is rolled back", async () => {
    await cloud.arm("PUT", OTHER, VERSION, { location: "westeurope" });
    const zone = `${OTHER}/providers/Microsoft.Network/dnsZones/acme.test`;
    await cloud.arm("PUT", zone, DNS, { location: "Global" });
    const domain = `${RG}/providers/Microsoft.Cdn/profiles/p/customDomains/acme`;
    await cloud.arm("PUT", domain, CDN, { properties: { hostName: "www.acme.test" } });
    await cloud.arm("PUT", `${zone}/CNAME/www`, DNS, cname);
    const deleted = await cloud.arm("DELETE", RG, VERSION);
    const outcome = await finished(cloud, deleted);
    const reason = {
      error: {
        code: "BadRequest",
        message:
          'Cannot delete custom domain "www.acme.test" because it is still CNAMEd to "e.z01.azurefd.net". Remove the CNAME record first.',
      },
    };
    expect([outcome.status, outcome.error]).toEqual([
      "Failed",
      {
        code: "ResourceGroupDeletionBlocked",
        message: expect.stringMatching(
          /^Deletion of resource group 'rg' failed as resources with identifiers 'Microsoft\.Cdn\/profiles\/p\/customDomains\/acme,Microsoft\.Cdn\/profiles\/p' could not be deleted\. The provisioning state of the resource group will be rolled back\. The tracking Id is '[0-9a-f-]{36}'\. Please check audit logs for more details\.$/,
        ),
        details: [domain, `${RG}/providers/Microsoft.Cdn/profiles/p`].map((target) => ({
          target,
          message: JSON.stringify(reason),
        })),
      },
    ]);
    const result = await follow(cloud, deleted.headers.get("location"));
    expect([result.status, result.body.error.code]).toEqual([409, "ResourceGroupDeletionBlocked"]);
    expect((await cloud.arm("GET", RG, VERSION)).body.properties.provisioningState).toBe("Succeeded");
    expect((await cloud.arm("GET", domain, CDN)).status).toBe(200);
    await cloud.arm("DELETE", `${zone}/CNAME/www`, DNS);
    expect((await finished(cloud, await cloud.arm("DELETE", RG, VERSION))).status).toBe("Succeeded");
    expect((await cloud.arm("GET", RG, VERSION)).status).toBe(404);
  });

  // Words of Azure: https://github.com/Azure/azure-cli/issues/21121
  test("a group that is being deleted takes nothing new", async () => {
    await cloud.stop();
    let go: () => void = () => undefined;
    const removed = new Promise<void>((resolve) => {
      go = resolve;
    });
    const isRemoval = () => cloud.calls.at(-1)?.startsWith("server remove") === true;
    cloud = await openHarness({ onServer: () => (isRemoval() ? removed : Promise.resolve()) });
    await cloud.start(armService());
    await cloud.arm("PUT", OTHER, VERSION, { location: "westeurope" });
    const server = `${OTHER}/providers/Microsoft.DBforPostgreSQL/flexibleServers/db-01`;
    const admin = { administratorLogin: "adm", administratorLoginPassword: "canary-P4ssw0rd" };
    const made = await cloud.arm("PUT", server, "2025-08-01", { location: "westeurope", properties: admin });
    await finished(cloud, made);
    const deleted = await cloud.arm("DELETE", OTHER, VERSION);
    expect((await cloud.arm("GET", OTHER, VERSION)).body.properties.provisioningState).toBe("Deleting");
    const error = {
      code: "ResourceGroupBeingDeleted",
      message: "The resource group 'other' is in deprovisioning state and cannot perform this operation.",
    };
    const zone = `${OTHER}/providers/Microsoft.Network/dnsZones/acme.test`;
    for (const refused of [
      await cloud.arm("PUT", zone, DNS, { location: "Global" }),
      await cloud.arm("PUT", OTHER, VERSION, { location: "westeurope" }),
      await cloud.arm("PATCH", OTHER, VERSION, { tags: {} }),
    ])
      expect([refused.status, refused.body]).toEqual([409, { error }]);
    const waiting = await follow(cloud, deleted.headers.get("location"));
    expect([waiting.status, waiting.headers.get("location"), waiting.headers.get("retry-after")]).toEqual([
      202,
      deleted.headers.get("location"),
      "1",
    ]);
    go();
    await expect.poll(async () => (await cloud.arm("GET", OTHER, VERSION)).status, SOON).toBe(404);
  });

  test(`a restart takes up a deletion that was cut off (${DELETION})`, async () => {
    const key = RG.toLowerCase();
    const stored = cloud.store.get<object>("arm", key);
    await cloud.store.put("arm", key, { ...stored, properties: { provisioningState: "Deleting" } });
    await cloud.start(armService());
    await expect.poll(() => cloud.store.list("arm"), SOON).toEqual([]);
  });

  test(`an operation that nobody started is 404 (${ASYNC})`, async () => {
    for (const kind of ["operationStatuses", "operationResults"]) {
      const path = `/providers/Microsoft.Resources/${kind}/00000000-0000-4000-8000-000000000000`;
      expect((await cloud.arm("GET", path, VERSION)).body.error.code).toBe("OperationNotFound");
    }
  });
});
