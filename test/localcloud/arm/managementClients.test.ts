import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { PostgreSQLManagementFlexibleServerClient } from "@azure/arm-postgresql-flexible";
import { ResourceManagementClient } from "@azure/arm-resources";
import { afterEach, beforeEach, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { collect, localAzure, POLLING, sendTokenPlainly } from "./azureSdk.ts";
import { GROUP, type Harness, openHarness, SUBSCRIPTION } from "./harness.ts";

const TENANT = "00000000-0000-0000-0000-000000000000";
const VAULT = {
  location: "westeurope",
  properties: { tenantId: TENANT, sku: { family: "A", name: "standard" } },
} as const;

let cloud: Harness;
let groups: ResourceManagementClient;
let vaults: KeyVaultManagementClient;
let servers: PostgreSQLManagementFlexibleServerClient;

beforeEach(async () => {
  cloud = await openHarness({ settings: { ARM_DELAY_MS: "20" } });
  await cloud.start(armService());
  const { credential, options } = localAzure(cloud);
  groups = sendTokenPlainly(new ResourceManagementClient(credential, SUBSCRIPTION, options), cloud);
  vaults = sendTokenPlainly(new KeyVaultManagementClient(credential, SUBSCRIPTION, options), cloud);
  servers = sendTokenPlainly(
    new PostgreSQLManagementFlexibleServerClient(credential, SUBSCRIPTION, options),
    cloud,
  );
  await groups.resourceGroups.createOrUpdate("rg", { location: "westeurope", tags: { a: "1" } });
});
afterEach(() => cloud.stop());

test("@azure/arm-resources makes, finds, tags, lists and deletes groups", async () => {
  expect(await groups.resourceGroups.checkExistence("rg")).toEqual({ body: true });
  expect(await groups.resourceGroups.checkExistence("none")).toEqual({ body: false });
  expect(await groups.resourceGroups.get("rg")).toMatchObject({
    id: GROUP,
    name: "rg",
    location: "westeurope",
    tags: { a: "1" },
    properties: { provisioningState: "Succeeded" },
  });
  expect((await groups.resourceGroups.update("rg", { tags: { b: "2" } })).tags).toEqual({ b: "2" });
  for (const name of ["one", "two"]) await groups.resourceGroups.createOrUpdate(name, { location: "westus" });
  const listed = await collect(groups.resourceGroups.list({ top: 2 }));
  expect(listed.map(({ name }) => name)).toEqual(["one", "rg", "two"]);
  await groups.resourceGroups.beginDeleteAndWait("one", POLLING);
  await expect(groups.resourceGroups.get("one")).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceGroupNotFound",
    message: "Resource group 'one' could not be found.",
  });
});

test("@azure/arm-resources lists resources, asks for one by id, and hears why a group stays", async () => {
  await vaults.vaults.createOrUpdate("rg", "kv-one", VAULT, POLLING);
  const listed = await collect(groups.resources.listByResourceGroup("rg"));
  expect(listed.map(({ name, type }) => [name, type])).toEqual([["kv-one", "Microsoft.KeyVault/vaults"]]);
  const id = `${GROUP}/providers/Microsoft.KeyVault/vaults/kv-one`;
  expect(await groups.resources.checkExistenceById(id, "2024-11-01")).toEqual({ body: true });
  expect(await groups.resources.getById(id, "2024-11-01")).toMatchObject({
    name: "kv-one",
    properties: { vaultUri: "https://127.0.0.1:1/kv-one/" },
  });
  await expect(groups.resourceGroups.createOrUpdate("rg", { location: "eastus" })).rejects.toMatchObject({
    statusCode: 409,
    code: "InvalidResourceGroupLocation",
  });
});

test("@azure/arm-keyvault makes, updates, lists, deletes, recovers and purges a vault", async () => {
  const made = await vaults.vaults.createOrUpdate("rg", "kv-one", VAULT, POLLING);
  expect(made).toMatchObject({
    name: "kv-one",
    properties: {
      vaultUri: "https://127.0.0.1:1/kv-one/",
      enableSoftDelete: true,
      enableRbacAuthorization: true,
      softDeleteRetentionInDays: 90,
      provisioningState: "Succeeded",
    },
  });
  expect((await vaults.vaults.update("rg", "kv-one", { tags: { a: "1" } })).tags).toEqual({ a: "1" });
  await vaults.vaults.createOrUpdate("rg", "kv-two", VAULT, POLLING);
  const lists = [
    await collect(vaults.vaults.listByResourceGroup("rg", { top: 1 })),
    await collect(vaults.vaults.listBySubscription({ top: 1 })),
    await collect(vaults.vaults.list({ top: 1 })),
  ];
  for (const list of lists) expect(list.map(({ name }) => name)).toEqual(["kv-one", "kv-two"]);
  await vaults.vaults.delete("rg", "kv-one");
  const [deleted] = await collect(vaults.vaults.listDeleted());
  expect(deleted).toEqual(await vaults.vaults.getDeleted("kv-one", "westeurope"));
  expect(deleted?.properties).toMatchObject({
    vaultId: made.id,
    location: "westeurope",
    tags: { a: "1" },
    deletionDate: expect.any(Date),
  });
  await expect(
    vaults.vaults.createOrUpdate("rg", "kv-one", VAULT, POLLING).pollUntilDone(),
  ).rejects.toMatchObject({ statusCode: 409, code: "ConflictError" });
  const recover = { ...VAULT, properties: { ...VAULT.properties, createMode: "recover" as const } };
  expect((await vaults.vaults.createOrUpdate("rg", "kv-one", recover, POLLING)).tags).toBeUndefined();
  await vaults.vaults.delete("rg", "kv-one");
  await vaults.vaults.purgeDeleted("kv-one", "westeurope", POLLING);
  expect(await collect(vaults.vaults.listDeleted())).toEqual([]);
  expect(cloud.calls).toContain("vault purge kv-one");
});

test("@azure/arm-keyvault is refused the purge of a protected vault", async () => {
  const body = { ...VAULT, properties: { ...VAULT.properties, enablePurgeProtection: true } };
  await vaults.vaults.createOrUpdate("rg", "kv-one", body, POLLING);
  await vaults.vaults.delete("rg", "kv-one");
  await expect(
    vaults.vaults.purgeDeleted("kv-one", "westeurope", POLLING).pollUntilDone(),
  ).rejects.toMatchObject({ statusCode: 405, code: "MethodNotAllowed" });
});

test("@azure/arm-postgresql-flexible makes, updates, lists and deletes a server, polling each operation", async () => {
  const made = await servers.servers.beginCreateOrUpdateAndWait(
    "rg",
    "db-01",
    {
      location: "westeurope",
      sku: { name: "Standard_B1ms", tier: "Burstable" },
      administratorLogin: "adm",
      administratorLoginPassword: "canary-P4ssw0rd",
      version: "18",
      createMode: "Create",
      storage: { storageSizeGB: 32 },
    },
    POLLING,
  );
  expect(made).toMatchObject({
    name: "db-01",
    state: "Ready",
    version: "18",
    minorVersion: "4",
    fullyQualifiedDomainName: "127.0.0.1:5433",
    administratorLogin: "adm",
    sku: { name: "Standard_B1ms", tier: "Burstable" },
    storage: { storageSizeGB: 32 },
    replicationRole: "Primary",
  });
  const updated = await servers.servers.beginUpdateAndWait(
    "rg",
    "db-01",
    { administratorLoginPassword: "other-P4ssw0rd", storage: { storageSizeGB: 64 }, createMode: "Update" },
    POLLING,
  );
  expect([updated.state, updated.storage?.storageSizeGB]).toEqual(["Ready", 64]);
  expect(cloud.calls.filter((call) => call.startsWith("server ensure"))).toHaveLength(2);
  for (const list of [servers.servers.listByResourceGroup("rg"), servers.servers.listBySubscription()])
    expect((await collect(list)).map(({ name }) => name)).toEqual(["db-01"]);
  await servers.servers.beginDeleteAndWait("rg", "db-01", POLLING);
  await expect(servers.servers.get("rg", "db-01")).rejects.toMatchObject({
    statusCode: 404,
    code: "ResourceNotFound",
  });
  expect(cloud.calls.at(-1)).toBe("server remove db-01");
});
