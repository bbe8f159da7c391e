import { expect, test } from "vitest";
import { CDN, SUBSCRIPTION } from "../arm/harness.ts";
import { azureBench, inGroup, makeEdge, token } from "./azureBench.ts";
import { PluginClient, UNKNOWN } from "./pluginClient.ts";

const bench = azureBench();

test("names and locations left out are filled in as the official plugin does", async () => {
  const type = token("cdn:Profile");
  const { inputs } = await bench.client.check(type, { ...inGroup, sku: { name: "Standard_AzureFrontDoor" } });
  expect(inputs).toEqual({
    ...inGroup,
    profileName: expect.stringMatching(/^x[0-9a-f]{8}$/),
    __createBeforeDelete: true,
    location: "westeurope",
    sku: { name: "Standard_AzureFrontDoor" },
    azureApiVersion: "2025-06-01",
  });
  const again = await bench.client.check(
    type,
    { ...inGroup, sku: { name: "Standard_AzureFrontDoor" } },
    inputs,
  );
  expect(again.inputs).toEqual(inputs);
});

test.each([
  [
    "dns:Zone",
    { ...inGroup, zoneName: "a.test", location: "Global", registrationVirtualNetworks: [] },
    "does not support 'registrationVirtualNetworks' of azure-native:dns:Zone",
  ],
  [
    "dns:RecordSet",
    { ...inGroup, zoneName: "a.test", relativeRecordSetName: "a" },
    "missing required property 'recordType'",
  ],
  ["keyvault:Vault", { ...inGroup, vaultName: "kv" }, "missing required property 'properties'"],
  [
    "dns:Zone",
    { ...inGroup, zoneName: "a.test", azureApiVersion: "2016-04-01" },
    "the local cloud has only '2023-07-01-preview'; got '2016-04-01'",
  ],
] as const)("%s with an unsupported or missing property is refused by name", async (type, inputs, reason) => {
  const { failures } = await bench.client.check(token(type), inputs);
  expect(failures.map((failure) => failure.reason)).toContainEqual(expect.stringContaining(reason));
});

test("an unsupported nested property, word or record type is refused by name in the preview already", async () => {
  const vault = { ...inGroup, vaultName: "kv-one" };
  const sku = { family: "A", name: "standard" };
  const record = { ...inGroup, zoneName: "a.test", relativeRecordSetName: "a", ttl: 1 };
  const reasonsOf = async (type: string, inputs: object) =>
    (await bench.client.check(token(type), { ...inputs })).failures.map(
      ({ property, reason }) => `${property}: ${reason}`,
    );
  expect(
    await reasonsOf("keyvault:Vault", { ...vault, properties: { tenantId: "t", sku, networkAcls: {} } }),
  ).toEqual(["properties: The property 'properties.networkAcls' is not supported by the local cloud."]);
  expect(
    await reasonsOf("keyvault:Vault", { ...vault, properties: { tenantId: UNKNOWN, sku, networkAcls: {} } }),
  ).toEqual([]);
  expect(await reasonsOf("dns:RecordSet", { ...record, recordType: "MX" })).toEqual([
    "recordType: The resource type 'Microsoft.Network/dnsZones/MX' is not supported by the local cloud.",
  ]);
  expect(
    await reasonsOf("dns:RecordSet", { ...record, recordType: "TXT", cnameRecord: { cname: "x" } }),
  ).toEqual(["cnameRecord: the local cloud does not support 'cnameRecord' here"]);
  const profile = { ...inGroup, profileName: "p", location: "Global", sku: { name: "Classic_Verizon" } };
  expect(await reasonsOf("cdn:Profile", profile)).toEqual([
    "sku: The property 'sku.name' must be one of 'Standard_AzureFrontDoor', 'Premium_AzureFrontDoor'; got 'Classic_Verizon'.",
  ]);
});

test("unsupported types and settings are refused by name", async () => {
  await expect(bench.client.check(token("storage:StorageAccount"), {})).rejects.toThrow(
    "no resource type 'azure-native:storage:StorageAccount'",
  );
  const failures = await bench.client.checkConfig({ subscriptionId: "s", clientSecret: "x" });
  expect(failures).toEqual([
    { property: "clientSecret", reason: "the local cloud does not support this setting" },
  ]);
  expect((await bench.client.checkConfig({}))[0]?.property).toBe("subscriptionId");
});

test("two provider instances of two subscriptions each make in their own", async () => {
  const other = new PluginClient(bench.cloud.context.portOf("azure-native"));
  await other.configure({ subscriptionId: "20ca1000-0000-4000-8000-000000000002", location: "northeurope" });
  const inputs = { resourceGroupName: "both" };
  const both = await Promise.all([
    bench.client.make(token("resources:ResourceGroup"), { ...inputs, location: "westeurope" }),
    other.make(token("resources:ResourceGroup"), inputs),
  ]);
  other.close();
  expect(both.map(({ id, outputs }) => [id, outputs.location])).toEqual([
    [`/subscriptions/${SUBSCRIPTION}/resourceGroups/both`, "westeurope"],
    ["/subscriptions/20ca1000-0000-4000-8000-000000000002/resourceGroups/both", "northeurope"],
  ]);
});

test("an unknown group's location is unknown too, and a refused delete leaves the domain", async () => {
  const { inputs } = await bench.client.check(token("keyvault:Vault"), {
    resourceGroupName: UNKNOWN,
    vaultName: "kv",
    properties: {},
  });
  expect(inputs.location).toBe(UNKNOWN);
  const { domain } = await makeEdge(bench);
  await bench.client.delete(token("cdn:AFDCustomDomain"), domain!).catch(() => undefined);
  expect((await bench.cloud.arm("GET", "Microsoft.Cdn/profiles/p/customDomains/acme", CDN)).status).toBe(200);
});
