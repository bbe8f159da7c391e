import { afterEach, beforeEach, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { isVerifierOf } from "../../../src/localcloud/arm/scramVerifier.ts";
import { type Harness, openHarness, SOON } from "./harness.ts";

let cloud: Harness;
const VAULTS = "2024-11-01";
const SERVERS = "2025-08-01";
const VAULT = "Microsoft.KeyVault/vaults/kv-one";
const SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/db-01";
const CANARY = "canary-P4ssw0rd";

const vaultBody = (properties: object = {}) => ({
  location: "westeurope",
  properties: { tenantId: "t", sku: { family: "A", name: "standard" }, ...properties },
});
const serverBody = (properties: object = {}) => ({
  location: "westeurope",
  properties: { administratorLogin: "adm", administratorLoginPassword: CANARY, version: "18", ...properties },
});
const settled = () =>
  expect
    .poll(async () => (await cloud.arm("GET", SERVER, SERVERS)).body.properties?.provisioningState, SOON)
    .toBe("Succeeded");

beforeEach(async () => {
  cloud = await openHarness();
  await cloud.start(armService());
  await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
});
afterEach(() => cloud.stop());

test("a vault starts its data plane and answers where it is", async () => {
  const { status, body } = await cloud.arm(
    "PUT",
    VAULT,
    VAULTS,
    vaultBody({ enablePurgeProtection: true, softDeleteRetentionInDays: 30 }),
  );
  expect([status, body.properties.vaultUri, body.properties.enableSoftDelete]).toEqual([
    201,
    "https://127.0.0.1:1/kv-one/",
    true,
  ]);
  expect(cloud.calls).toEqual(['vault ensure kv-one {"isPurgeProtected":true,"softDeleteRetentionDays":30}']);
});

test("a deleted vault is recovered only when asked to, with its old properties", async () => {
  await cloud.arm("PUT", VAULT, VAULTS, vaultBody({ enablePurgeProtection: true }));
  expect((await cloud.arm("DELETE", VAULT, VAULTS)).status).toBe(200);
  expect((await cloud.arm("GET", VAULT, VAULTS)).status).toBe(404);
  const plain = await cloud.arm("PUT", VAULT, VAULTS, vaultBody());
  expect([plain.status, plain.body.error.code]).toEqual([409, "ConflictError"]);
  const recovered = await cloud.arm("PUT", VAULT, VAULTS, vaultBody({ createMode: "recover" }));
  expect([recovered.status, recovered.body.properties.enablePurgeProtection]).toEqual([201, true]);
  expect(cloud.calls.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
    "vault ensure",
    "vault stop",
    "vault ensure",
  ]);
  const again = await cloud.arm(
    "PUT",
    "Microsoft.KeyVault/vaults/kv-two",
    VAULTS,
    vaultBody({ createMode: "recover" }),
  );
  expect(again.body.error.code).toBe("SoftDeletedVaultDoesNotExist");
});

test("purge protection and soft delete can't be taken back", async () => {
  await cloud.arm("PUT", VAULT, VAULTS, vaultBody({ enablePurgeProtection: true }));
  expect((await cloud.arm("PUT", VAULT, VAULTS, vaultBody({ enablePurgeProtection: false }))).status).toBe(
    400,
  );
  expect((await cloud.arm("PUT", VAULT, VAULTS, vaultBody({ enableSoftDelete: false }))).status).toBe(400);
});

test("a server is made behind an operation and answers its address", async () => {
  const created = await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  expect([created.status, created.body.properties.provisioningState]).toEqual([201, "Creating"]);
  await settled();
  const { body } = await cloud.arm("GET", SERVER, SERVERS);
  expect(body.properties).toMatchObject({
    fullyQualifiedDomainName: "127.0.0.1:5433",
    state: "Ready",
    minorVersion: "4",
    administratorLogin: "adm",
  });
  expect(body.properties).not.toHaveProperty("administratorLoginPassword");
  expect(cloud.calls).toEqual(["server ensure db-01 adm SCRAM-SHA-256$4096"]);
});

test("the admin's password is kept as a verifier only", async () => {
  await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  await settled();
  const kept = cloud.store
    .list<{ hidden: { verifier?: string } }>("arm")
    .find(({ id }) => id.endsWith("db-01"));
  expect(await isVerifierOf(kept?.doc.hidden.verifier ?? "", CANARY)).toBe(true);
  expect(JSON.stringify(cloud.store.list("arm"))).not.toContain(CANARY);
});

test("an update without a password leaves it, one with it changes it", async () => {
  await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  await settled();
  const verifier = () =>
    cloud.store.list<{ hidden: { verifier: string } }>("arm").find(({ id }) => id.endsWith("db-01"))?.doc
      .hidden.verifier;
  const first = verifier();
  await cloud.arm("PATCH", SERVER, SERVERS, { tags: { a: "b" } });
  await settled();
  expect(verifier()).toBe(first);
  expect(cloud.calls).toHaveLength(1);
  await cloud.arm("PATCH", SERVER, SERVERS, { properties: { administratorLoginPassword: "other" } });
  await settled();
  expect(await isVerifierOf(verifier() ?? "", "other")).toBe(true);
});

test.each([
  ["no password", { administratorLoginPassword: undefined }, "InvalidParameterValue"],
  ["a reserved admin", { administratorLogin: "azuresu" }, "ReservedName"],
  ["another version", { version: "16" }, "InvalidRequestContent"],
  ["Entra logins", { authConfig: { activeDirectoryAuth: "Enabled" } }, "InvalidRequestContent"],
  ["a restore", { createMode: "PointInTimeRestore" }, "InvalidRequestContent"],
  ["a subnet", { network: { delegatedSubnetResourceId: "x" } }, "UnsupportedProperty"],
] as const)("a server with %s is refused", async (_what, properties, code) => {
  const { body } = await cloud.arm("PUT", SERVER, SERVERS, serverBody(properties));
  expect(body.error.code).toBe(code);
  expect(body.error.message).not.toContain(CANARY);
  expect(cloud.calls).toEqual([]);
});

test("a delete stops and removes the server", async () => {
  await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  await settled();
  expect((await cloud.arm("DELETE", SERVER, SERVERS)).status).toBe(202);
  await expect.poll(async () => (await cloud.arm("GET", SERVER, SERVERS)).status, SOON).toBe(404);
  expect(cloud.calls.at(-1)).toBe("server remove db-01");
});

test("a failed start or removal says so in the operation and in the resource, and can be tried again", async () => {
  await cloud.stop();
  let isBroken = true;
  const onServer = () => (isBroken ? Promise.reject(new Error("no space left")) : Promise.resolve());
  cloud = await openHarness({ onServer });
  await cloud.start(armService());
  await cloud.arm("PUT", "", "2024-03-01", { location: "westeurope" });
  const created = await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  const poll = new URL(created.headers.get("azure-asyncoperation") ?? "").pathname;
  await expect
    .poll(async () => (await cloud.arm("GET", poll, "2024-03-01")).body.status, SOON)
    .toBe("Failed");
  expect((await cloud.arm("GET", poll, "2024-03-01")).body.error).toEqual({
    code: "InternalServerError",
    message: "no space left",
  });
  expect((await cloud.arm("GET", SERVER, SERVERS)).body.properties.provisioningState).toBe("Failed");
  isBroken = false;
  await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  await settled();
  isBroken = true;
  await cloud.arm("DELETE", SERVER, SERVERS);
  await expect
    .poll(async () => (await cloud.arm("GET", SERVER, SERVERS)).body.properties.provisioningState, SOON)
    .toBe("Failed");
  isBroken = false;
  await cloud.arm("DELETE", SERVER, SERVERS);
  await expect.poll(async () => (await cloud.arm("GET", SERVER, SERVERS)).status, SOON).toBe(404);
});

test("a restart takes up a server that was being made and starts the vaults", async () => {
  await cloud.arm("PUT", VAULT, VAULTS, vaultBody());
  await cloud.arm("PUT", SERVER, SERVERS, serverBody());
  await settled();
  const found = cloud.store.list<{ properties: object }>("arm").find(({ id }) => id.endsWith("db-01"));
  const { id = "", doc = { properties: {} } } = found ?? {};
  await cloud.store.put("arm", id, {
    ...doc,
    properties: { ...doc.properties, provisioningState: "Creating" },
  });
  cloud.calls.length = 0;
  await cloud.start(armService());
  await settled();
  expect(cloud.calls).toEqual([
    'vault ensure kv-one {"isPurgeProtected":false,"softDeleteRetentionDays":90}',
    "server ensure db-01 adm SCRAM-SHA-256$4096",
  ]);
});
