import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { armService } from "../../../../src/localcloud/arm/index.ts";
import { CDN, type Harness, makeEdge, openHarness, SOON } from "../harness.ts";
import { MAKING, PAGES, PROFILE, REMOVING, refused } from "./frontDoorTable.ts";
import { finished, STATUS_URL, testRows } from "./rows.ts";

let cloud: Harness;

describe("Front Door, one after the other", () => {
  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
  });
  afterAll(() => cloud.stop());

  testRows(() => cloud, [...MAKING, ...REMOVING]);
});

describe("Front Door as it goes", () => {
  beforeEach(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await makeEdge(cloud);
  });
  afterEach(() => cloud.stop());

  // "Deleting a profile will result in the deletion of all of the sub-resources including endpoints, origins and custom domains."
  test(`a profile's deletion takes everything in it (${PAGES}/profiles/delete)`, async () => {
    const deleted = await cloud.arm("DELETE", "Microsoft.Cdn/profiles/p", CDN);
    expect([deleted.status, deleted.body, deleted.headers.get("azure-asyncoperation")]).toEqual([
      202,
      undefined,
      STATUS_URL,
    ]);
    expect((await finished(cloud, deleted)).status).toBe("Succeeded");
    const left = cloud.store.list<{ type: string }>("arm").map(({ doc }) => doc.type);
    expect(left).toEqual(["Microsoft.Resources/resourceGroups", "Microsoft.Network/dnszones"]);
  });

  test(`but not while a CNAME leads to one of its domains (${PAGES}/profiles/delete)`, async () => {
    await cloud.arm("PUT", "Microsoft.Cdn/profiles/p/customDomains/acme", CDN, {
      properties: { hostName: "acme.local.test" },
    });
    await cloud.arm("PUT", "Microsoft.Network/dnsZones/local.test/CNAME/acme", "2018-05-01", {
      properties: { TTL: 1, CNAMERecord: { cname: "e.z01.azurefd.net" } },
    });
    const { status, body } = await cloud.arm("DELETE", "Microsoft.Cdn/profiles/p", CDN);
    expect([status, body.error]).toEqual([
      400,
      refused(
        expect.stringMatching(/"acme\.local\.test" because it is still CNAMEd to "e\.z01\.azurefd\.net"/),
      ),
    ]);
  });

  // States: AfdProvisioningState (Creating, Updating, Deleting, Succeeded, Failed) of every page's definitions
  test(`long-running operations: Azure-AsyncOperation alone, and the published states (${PAGES}/afd-endpoints/create)`, async () => {
    await cloud.stop();
    cloud = await openHarness({ settings: { ARM_DELAY_MS: "1000" } });
    await cloud.start(armService());
    await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
    const put = (timeout: number) =>
      cloud.arm("PUT", PROFILE, CDN, {
        location: "Global",
        sku: { name: "Standard_AzureFrontDoor" },
        properties: { originResponseTimeoutSeconds: timeout },
      });
    for (const [status, state] of [
      [201, "Creating"],
      [200, "Updating"],
    ] as const) {
      const both = await Promise.all([put(30), put(20)]);
      const [answer, second] = both.sort((one, other) => one.status - other.status);
      if (answer === undefined) throw new Error("no answer");
      expect([answer.status, answer.body.properties.provisioningState]).toEqual([status, state]);
      const polls = ["azure-asyncoperation", "location", "retry-after"].map((name) =>
        answer.headers.get(name),
      );
      expect(polls).toEqual([STATUS_URL, null, "1"]);
      // Words: https://github.com/alec-pinson/ip-whitelister-old/issues/39
      expect([second?.status, second?.body.error]).toEqual([
        409,
        {
          code: "Conflict",
          message:
            "The requested operation cannot be executed on the entity as another operation is in progress.",
        },
      ]);
      expect((await finished(cloud, answer)).status).toBe("Succeeded");
      expect((await cloud.arm("GET", PROFILE, CDN)).body.properties.provisioningState).toBe("Succeeded");
    }
    const deleted = await cloud.arm("DELETE", PROFILE, CDN);
    expect(deleted.status).toBe(202);
    expect((await cloud.arm("GET", PROFILE, CDN)).body.properties.provisioningState).toBe("Deleting");
    await expect.poll(async () => (await cloud.arm("GET", PROFILE, CDN)).status, SOON).toBe(404);
  });
});
