import { afterEach, beforeEach, expect, test } from "vitest";
import { armService } from "../../../../src/localcloud/arm/index.ts";
import { type Answer, DNS, GROUP, type Harness, openHarness, SOON, SUBSCRIPTION } from "../harness.ts";
import { finished, follow, pagesOf, RESULT_URL, STATUS_URL, SYSTEM_DATA } from "./rows.ts";

const VERSION = "2025-08-01";
const PAGES = "https://learn.microsoft.com/rest/api/postgresql/servers";
const SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/exampleserver";
const COMPUTE =
  "https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-scale-compute-storage-portal";
const BODY = {
  location: "westus",
  sku: { tier: "GeneralPurpose", name: "Standard_D4ds_v5" },
  properties: {
    administratorLogin: "administratorlogin",
    administratorLoginPassword: "examplepassword",
    version: "18",
    availabilityZone: "1",
    createMode: "Create",
    storage: { storageSizeGB: 512, autoGrow: "Disabled", tier: "P20" },
    backup: { backupRetentionDays: 7, geoRedundantBackup: "Disabled" },
    highAvailability: { mode: "Disabled" },
  },
  tags: { VNetServer: "1" },
};

let cloud: Harness;
/** Lets a server's start or removal go on. */
let go: () => void;

beforeEach(async () => {
  let opened: Promise<void> = Promise.resolve();
  const hold = () => {
    opened = new Promise((resolve) => {
      go = resolve;
    });
  };
  hold();
  cloud = await openHarness({ onServer: () => opened.then(hold) });
  await cloud.start(armService());
  await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
});
afterEach(async () => {
  go();
  await cloud.stop();
});

const server = (method: string, body?: object) => cloud.arm(method, SERVER, VERSION, body);
const headersOf = ({ headers }: Answer) =>
  ["azure-asyncoperation", "location", "retry-after"].map((name) => headers.get(name));
const made = async () => {
  const created = await server("PUT", BODY);
  go();
  expect((await finished(cloud, created)).status).toBe("Succeeded");
  return created;
};

test(`PUT is a long-running operation with both headers, and the server is Provisioning (${PAGES}/create)`, async () => {
  const created = await server("PUT", BODY);
  expect([created.status, created.body.properties.state]).toEqual([201, "Provisioning"]);
  expect(headersOf(created)).toEqual([STATUS_URL, RESULT_URL, "1"]);
  const waiting = await follow(cloud, created.headers.get("location"));
  expect([waiting.status, waiting.body, headersOf(waiting)[1]]).toEqual([
    202,
    undefined,
    headersOf(created)[1],
  ]);
  go();
  expect((await finished(cloud, created)).status).toBe("Succeeded");
  const result = await follow(cloud, created.headers.get("location"));
  expect([result.status, result.body]).toEqual([200, (await server("GET")).body]);
});

test(`GET answers the server as published, without its password (${PAGES}/get)`, async () => {
  await made();
  expect((await server("GET")).body).toEqual({
    id: `${GROUP}/providers/${SERVER}`,
    name: "exampleserver",
    type: "Microsoft.DBforPostgreSQL/flexibleServers",
    location: "westus",
    tags: { VNetServer: "1" },
    sku: { name: "Standard_D4ds_v5", tier: "GeneralPurpose" },
    properties: {
      administratorLogin: "administratorlogin",
      version: "18",
      minorVersion: "4",
      state: "Ready",
      fullyQualifiedDomainName: "127.0.0.1:5433",
      availabilityZone: "1",
      authConfig: { passwordAuth: "Enabled", activeDirectoryAuth: "Disabled", tenantId: "" },
      storage: { storageSizeGB: 512, autoGrow: "Disabled", tier: "P20" },
      backup: { backupRetentionDays: 7, geoRedundantBackup: "Disabled" },
      highAvailability: { mode: "Disabled" },
      network: { publicNetworkAccess: "Enabled" },
      replicationRole: "Primary",
      replicaCapacity: 0,
      privateEndpointConnections: [],
      // Not on Azure, which has only `state`; see docs/parity.md.
      provisioningState: "Succeeded",
    },
    systemData: SYSTEM_DATA,
  });
});

test(`PATCH is a long-running operation and changes what it names, inside an object too (${PAGES}/update)`, async () => {
  await made();
  const updated = await server("PATCH", {
    sku: { tier: "GeneralPurpose", name: "Standard_D8s_v3" },
    properties: {
      administratorLoginPassword: "newpassword",
      createMode: "Update",
      storage: { storageSizeGB: 1024 },
      backup: { backupRetentionDays: 20 },
    },
  });
  expect([updated.status, updated.body.properties.state, ...headersOf(updated)]).toEqual([
    200,
    "Updating",
    STATUS_URL,
    RESULT_URL,
    "1",
  ]);
  go();
  expect((await finished(cloud, updated)).status).toBe("Succeeded");
  const { sku, properties } = (await server("GET")).body;
  expect([sku.name, properties.storage, properties.backup, properties.state]).toEqual([
    "Standard_D8s_v3",
    { storageSizeGB: 1024, autoGrow: "Disabled", tier: "P20" },
    { backupRetentionDays: 20, geoRedundantBackup: "Disabled" },
    "Ready",
  ]);
});

// Words of Azure: https://github.com/Azure/azure-postgresql/issues/134
test("a second change during the first is ServerIsBusy", async () => {
  const created = await server("PUT", BODY);
  for (const second of [await server("PUT", BODY), await server("DELETE")]) {
    expect([second.status, second.body.error]).toEqual([
      409,
      {
        code: "ServerIsBusy",
        message:
          "Cannot complete operation while server 'exampleserver' is busy processing another operation. Try again later.",
      },
    ]);
  }
  go();
  await finished(cloud, created);
});

test(`DELETE is 202 with both headers, the server Dropping, then 404 (${PAGES}/delete)`, async () => {
  await made();
  const deleted = await server("DELETE");
  expect([deleted.status, deleted.body, ...headersOf(deleted)]).toEqual([
    202,
    undefined,
    STATUS_URL,
    RESULT_URL,
    "1",
  ]);
  expect((await server("GET")).body.properties.state).toBe("Dropping");
  go();
  expect((await finished(cloud, deleted)).status).toBe("Succeeded");
  const result = await follow(cloud, deleted.headers.get("location"));
  expect([result.status, result.body]).toEqual([200, undefined]);
  expect((await server("GET")).status).toBe(404);
  expect((await server("DELETE")).status).toBe(204);
});

test(`a group's deletion waits for a server that is being made, not for the rest (${PAGES}/create)`, async () => {
  const zone = "Microsoft.Network/dnsZones/local.test";
  await cloud.arm("PUT", zone, DNS, { location: "Global" });
  await server("PUT", BODY);
  const deleted = await cloud.arm("DELETE", "", "2024-03-01");
  await expect.poll(async () => (await cloud.arm("GET", zone, DNS)).status, SOON).toBe(404);
  expect((await server("GET")).body.properties.state).toBe("Provisioning");
  expect(cloud.calls.filter((call) => call.startsWith("server remove"))).toEqual([]);
  go();
  await expect.poll(() => cloud.calls.at(-1), SOON).toBe("server remove exampleserver");
  go();
  expect((await finished(cloud, deleted)).status).toBe("Succeeded");
  expect(cloud.store.list("arm")).toEqual([]);
});

test(`servers are listed by group and by subscription, without $top (${PAGES}/list-by-subscription)`, async () => {
  await made();
  const type = "Microsoft.DBforPostgreSQL/flexibleServers";
  for (const list of [type, `/subscriptions/${SUBSCRIPTION}/providers/${type}`]) {
    expect(await pagesOf(cloud, list, VERSION)).toEqual([["exampleserver"]]);
    expect((await cloud.arm("GET", `${list}?$top=1`, VERSION)).body.error.code).toBe(
      "UnsupportedByLocalCloud",
    );
  }
});

test("a server's name is used once in all of Azure", async () => {
  await made();
  const two = GROUP.replace(/rg$/, "two");
  await cloud.arm("PUT", two, "2024-03-01", { location: "westeurope" });
  const { status, body } = await cloud.arm("PUT", `${two}/providers/${SERVER}`, VERSION, BODY);
  // Words of Azure: https://github.com/Azure/azure-service-operator/issues/2428
  expect([status, body.error]).toEqual([
    409,
    { code: "ServerNameAlreadyExists", message: "Specified server name is already used." },
  ]);
});

test.each([
  [
    "smaller storage",
    COMPUTE,
    { storage: { storageSizeGB: 256 } },
    "InvalidParameterValue",
    "(from 512 to 256)",
  ],
  ["another admin", `${PAGES}/update`, { administratorLogin: "other" }, "InvalidParameterValue", "'other'"],
  [
    "36 days of backups",
    "https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-backup-restore",
    { backup: { backupRetentionDays: 36 } },
    "InvalidRequestContent",
    "from 7 to 35; got '36'",
  ],
  [
    "high availability",
    `${PAGES}/create`,
    { highAvailability: { mode: "ZoneRedundant" } },
    "InvalidRequestContent",
    "'Disabled'",
  ],
  ["a replica", `${PAGES}/create`, { createMode: "Replica" }, "InvalidRequestContent", "'Replica'"],
  [
    "a maintenance window",
    `${PAGES}/create`,
    { maintenanceWindow: {} },
    "UnsupportedProperty",
    "'properties.maintenanceWindow'",
  ],
])("%s is refused (%s)", async (_what, page, properties, code, text) => {
  await made();
  const { status, body } = await server("PATCH", { properties });
  expect([status, body.error], page).toEqual([400, { code, message: expect.stringContaining(text) }]);
});
