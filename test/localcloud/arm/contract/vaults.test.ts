import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { armService } from "../../../../src/localcloud/arm/index.ts";
import { GROUP, type Harness, openHarness, SOON } from "../harness.ts";
import { follow, pagesOf, RESULT_URL, testRows } from "./rows.ts";
import { body, DELETED, IN_SUBSCRIPTION, PAGES, ROWS, SOFT_DELETE, VAULT, VERSION } from "./vaultTable.ts";

const DAY_MS = 86_400_000;

let cloud: Harness;

describe("vaults, one after the other", () => {
  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    for (const group of [GROUP, GROUP.replace(/rg$/, "two")])
      await cloud.arm("PUT", group, "2024-03-01", { location: "westeurope" });
  });
  afterAll(() => cloud.stop());

  testRows(() => cloud, ROWS);

  test(`they are listed by group and by subscription, in pages of $top (${PAGES}/list-by-subscription)`, async () => {
    for (const list of ["Microsoft.KeyVault/vaults", `${IN_SUBSCRIPTION}/vaults`]) {
      expect(await pagesOf(cloud, `${list}?$top=1`, VERSION)).toEqual([["kv-new"], ["kv-one"]]);
      expect(await pagesOf(cloud, list, VERSION)).toEqual([["kv-new", "kv-one"]]);
    }
  });
});

describe("deleted vaults", () => {
  beforeEach(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
  });
  afterEach(() => cloud.stop());

  const deleteVault = async (properties: object) => {
    await cloud.arm("PUT", VAULT, VERSION, body(properties));
    expect((await cloud.arm("DELETE", VAULT, VERSION)).status).toBe(200);
  };
  /** Writes that it was deleted so many days ago. */
  const backdate = async (days: number) => {
    const [found] = cloud.store
      .list<{ hidden: object }>("arm")
      .filter(({ id }) => id.includes("deletedvaults"));
    const deletedAt = new Date(Date.now() - days * DAY_MS).toISOString();
    await cloud.store.put("arm", found?.id ?? "", {
      ...found?.doc,
      hidden: { ...found?.doc.hidden, deletedAt },
    });
  };
  const purges = () => cloud.calls.filter((call) => call === "vault purge kv-one");

  // https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/purge-deleted: 200, or 202 with Location
  test("a purge is polled at Location and frees name and secrets", async () => {
    await deleteVault({});
    const purged = await cloud.arm("POST", `${DELETED}/purge`, VERSION);
    expect([purged.status, purged.body, purged.headers.get("azure-asyncoperation")]).toEqual([
      202,
      undefined,
      null,
    ]);
    expect(purged.headers.get("location")).toEqual(RESULT_URL);
    await expect
      .poll(async () => (await follow(cloud, purged.headers.get("location"))).status, SOON)
      .toBe(200);
    expect((await cloud.arm("GET", DELETED, VERSION)).status).toBe(404);
    expect(purges()).toHaveLength(1);
    expect((await cloud.arm("PUT", VAULT, VERSION, body())).status).toBe(201);
  });

  // Words of Azure: https://github.com/microsoft/AzureTRE/issues/1446
  test("with purge protection nobody purges one", async () => {
    await deleteVault({ enablePurgeProtection: true });
    const refused = await cloud.arm("POST", `${DELETED}/purge`, VERSION);
    expect([refused.status, refused.body]).toEqual([
      405,
      { error: { code: "MethodNotAllowed", message: "Operation 'DeletedVaultPurge' is not allowed." } },
    ]);
    const { properties } = (await cloud.arm("GET", DELETED, VERSION)).body;
    expect(properties.purgeProtectionEnabled).toBe(true);
    expect(Date.parse(properties.scheduledPurgeDate) - Date.parse(properties.deletionDate)).toBe(90 * DAY_MS);
    expect(purges()).toEqual([]);
  });

  test(`it is gone when its retention is over, protected or not (${SOFT_DELETE})`, async () => {
    await deleteVault({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 });
    await backdate(6);
    expect((await cloud.arm("PUT", VAULT, VERSION, body())).body.error.code).toBe("ConflictError");
    await backdate(7);
    expect((await cloud.arm("GET", `${IN_SUBSCRIPTION}/deletedVaults`, VERSION)).body).toEqual({ value: [] });
    expect(purges()).toHaveLength(1);
    expect((await cloud.arm("PUT", VAULT, VERSION, body())).status).toBe(201);
  });

  test(`a retention that ended while nothing ran is over at the next start (${SOFT_DELETE})`, async () => {
    await deleteVault({ softDeleteRetentionInDays: 7 });
    await backdate(8);
    await cloud.start(armService());
    expect(purges()).toHaveLength(1);
  });

  test(`purge protection stays when a later body leaves it out (${SOFT_DELETE})`, async () => {
    await cloud.arm("PUT", VAULT, VERSION, body({ enablePurgeProtection: true }));
    const { properties } = (await cloud.arm("PUT", VAULT, VERSION, body())).body;
    expect(properties.enablePurgeProtection).toBe(true);
    expect(cloud.calls.at(-1)).toBe(
      'vault ensure kv-one {"isPurgeProtected":true,"softDeleteRetentionDays":90}',
    );
  });

  test(`its group's deletion leaves it recoverable (${SOFT_DELETE})`, async () => {
    await cloud.arm("PUT", VAULT, VERSION, body());
    await cloud.arm("DELETE", GROUP, "2024-03-01");
    await expect.poll(async () => (await cloud.arm("GET", GROUP, "2024-03-01")).status, SOON).toBe(404);
    expect((await cloud.arm("GET", DELETED, VERSION)).status).toBe(200);
  });

  test("other verbs are refused by name", async () => {
    await deleteVault({});
    for (const [method, path] of [
      ["DELETE", DELETED],
      ["POST", DELETED],
      ["GET", `${DELETED}/purge`],
    ] as const) {
      const { status, body: refused } = await cloud.arm(method, path, VERSION);
      expect([status, refused.error.code]).toEqual([400, "UnsupportedByLocalCloud"]);
    }
  });
});
