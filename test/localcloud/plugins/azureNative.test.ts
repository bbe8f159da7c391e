import { expect, test } from "vitest";
import { DNS, GROUP, SOON, SUBSCRIPTION } from "../arm/harness.ts";
import { azureBench, inGroup, makeEdge, PROFILE, token, ZONE } from "./azureBench.ts";
import { type Bag, type InitFailure, PluginClient, type State, UNKNOWN } from "./pluginClient.ts";

const bench = azureBench();

test("every type has the official id and its outputs flattened", async () => {
  const edge = await makeEdge(bench);
  expect(Object.values(edge).map(({ id }) => id)).toEqual([
    ZONE,
    PROFILE,
    `${PROFILE}/afdEndpoints/e`,
    `${PROFILE}/originGroups/g`,
    `${PROFILE}/originGroups/g/origins/o`,
    `${PROFILE}/customDomains/acme`,
    `${PROFILE}/afdEndpoints/e/routes/acme`,
  ]);
  expect(edge.domain?.outputs).toEqual({
    azureApiVersion: "2025-06-01",
    name: "acme",
    type: "Microsoft.Cdn/profiles/customDomains",
    systemData: expect.any(Object),
    hostName: "acme.local.test",
    tlsSettings: { certificateType: "ManagedCertificate", minimumTlsVersion: "TLS12" },
    deploymentStatus: "NotStarted",
    domainValidationState: "Pending",
    profileName: "p",
    provisioningState: "Succeeded",
    validationProperties: { validationToken: expect.any(String), expirationDate: expect.any(String) },
  });
  expect(edge.endpoint?.outputs.hostName).toBe("e.z01.azurefd.net");
  expect(edge.zone?.outputs.nameServers).toHaveLength(4);
  expect(edge.profile?.outputs).toMatchObject({
    sku: { name: "Standard_AzureFrontDoor" },
    kind: "frontdoor",
    frontDoorId: expect.any(String),
  });
});

test("vault and server keep their nested outputs, and the server's password is none of them", async () => {
  const vault = await bench.make("keyvault:Vault", {
    ...inGroup,
    vaultName: "kv-one",
    properties: { tenantId: "t", sku: { family: "A", name: "standard" } },
  });
  expect(vault.outputs.properties).toMatchObject({
    vaultUri: "https://127.0.0.1:1/kv-one/",
    enableSoftDelete: true,
    tenantId: "t",
  });
  expect(vault.inputs.location).toBe("westeurope");
  const server = await bench.make("dbforpostgresql:Server", {
    ...inGroup,
    serverName: "db-01",
    administratorLogin: "adm",
    administratorLoginPassword: "canary-P4ss",
    availabilityZone: "",
    version: "18",
  });
  expect(server.outputs).toMatchObject({
    fullyQualifiedDomainName: "127.0.0.1:5433",
    state: "Ready",
    administratorLogin: "adm",
    version: "18",
  });
  expect(JSON.stringify(server.outputs)).not.toContain("canary");
});

test("a create of what exists is refused with the official words and the id", async () => {
  await makeEdge(bench);
  await expect(
    bench.make("dns:Zone", { ...inGroup, zoneName: "local.test", location: "Global" }),
  ).rejects.toThrow(
    `cannot create already existing resource '${GROUP}/providers/Microsoft.Network/dnsZones/local.test'`,
  );
});

test("what Resource Manager refuses is refused with its status, code and words", async () => {
  await expect(
    bench.make("cdn:AFDEndpoint", { ...inGroup, profileName: "none", endpointName: "e", location: "Global" }),
  ).rejects.toThrow('Status=404 Code="ParentResourceNotFound"');
  const { domain } = await makeEdge(bench);
  await expect(bench.client.delete(token("cdn:AFDCustomDomain"), domain!)).rejects.toThrow(
    'Status=400 Code="BadRequest" Message="This resource is still associated with a route.',
  );
});

test("a preview touches nothing and knows the inputs", async () => {
  const { inputs } = await bench.client.check(token("dns:Zone"), {
    ...inGroup,
    zoneName: "new.test",
    location: "Global",
  });
  const { id, outputs } = await bench.client.create(token("dns:Zone"), inputs, true);
  expect({ id, outputs }).toEqual({
    id: "",
    outputs: {
      azureApiVersion: "2023-07-01-preview",
      location: "Global",
      ...Object.fromEntries(
        ["name", "type", "systemData", "tags", "zoneType", "etag", "nameServers", "signingKeys"].map(
          (name) => [name, UNKNOWN],
        ),
      ),
      ...Object.fromEntries(
        ["maxNumberOfRecordSets", "maxNumberOfRecordsPerRecordSet", "numberOfRecordSets"].map((name) => [
          name,
          UNKNOWN,
        ]),
      ),
    },
  });
  expect((await bench.cloud.arm("GET", "Microsoft.Network/dnsZones/new.test", DNS)).status).toBe(404);
});

test("an update changes in place and its preview keeps name and location", async () => {
  const { profile } = await makeEdge(bench);
  const news = { ...profile!.inputs, tags: { a: "b" } };
  expect(await bench.client.diff(token("cdn:Profile"), profile!, news)).toEqual({
    changes: { tags: "add" },
    deleteBeforeReplace: false,
  });
  const preview = await bench.client.update(token("cdn:Profile"), profile!, news, true);
  expect([preview.outputs.name, preview.outputs.frontDoorId, preview.outputs.tags]).toEqual([
    "p",
    UNKNOWN,
    { a: "b" },
  ]);
  const updated = await bench.client.update(token("cdn:Profile"), profile!, news);
  expect(updated.outputs).toMatchObject({ tags: { a: "b" }, frontDoorId: profile!.outputs.frontDoorId });
});

// https://github.com/pulumi/pulumi-azure-native/pull/2230 (SKU); `x-ms-mutability` in the specifications of
// https://github.com/Azure/azure-rest-api-specs (availability zone: create, read; a domain's host: no mark)
test("names, parents, SKU and zone replace, deleting first; locations differ by more than case", async () => {
  const { domain, profile, zone } = await makeEdge(bench);
  const diff = async (type: string, state: State, news: Bag) =>
    bench.client.diff(token(type), state, { ...state.inputs, ...news });
  expect(await diff("cdn:Profile", profile!, { sku: { name: "Premium_AzureFrontDoor" } })).toEqual({
    changes: { "sku.name": "update replace" },
    deleteBeforeReplace: true,
  });
  const server = await bench.make("dbforpostgresql:Server", {
    ...inGroup,
    serverName: "db-01",
    administratorLogin: "adm",
    administratorLoginPassword: "x",
    availabilityZone: "1",
  });
  expect((await diff("dbforpostgresql:Server", server, { availabilityZone: "2" })).changes).toEqual({
    availabilityZone: "update replace",
  });
  expect((await diff("cdn:AFDCustomDomain", domain!, { profileName: "q" })).changes).toEqual({
    profileName: "update replace",
  });
  expect((await diff("cdn:AFDCustomDomain", domain!, { profileName: UNKNOWN })).changes).toEqual({
    profileName: "update replace",
  });
  expect((await diff("dns:Zone", zone!, { location: "gLoBaL" })).changes).toEqual({});
  expect((await diff("dns:Zone", zone!, { location: "westeurope" })).changes).toEqual({
    location: "update replace",
  });
});

test("a domain's host is planned as an update, and Azure refuses it", async () => {
  const { domain } = await makeEdge(bench);
  const type = token("cdn:AFDCustomDomain");
  const news = { ...domain!.inputs, hostName: "x.local.test" };
  expect((await bench.client.diff(type, domain!, news)).changes).toEqual({ hostName: "update" });
  await expect(bench.client.update(type, domain!, news)).rejects.toThrow('Status=400 Code="BadRequest"');
});

test("a refresh carries what changed by hand into the inputs, and nothing else", async () => {
  await makeEdge(bench);
  const type = token("dns:RecordSet");
  const state = await bench.client.make(type, {
    ...inGroup,
    zoneName: "local.test",
    relativeRecordSetName: "acme",
    recordType: "CNAME",
    ttl: 300,
    metadata: { owner: "me" },
    cnameRecord: { cname: "e.z01.azurefd.net" },
  });
  expect(state.id).toBe(`${ZONE}/CNAME/acme`);
  expect((await bench.client.read(type, state.id, state))?.inputs).toEqual(state.inputs);
  await bench.cloud.arm("PATCH", "Microsoft.Network/dnsZones/local.test/CNAME/acme", DNS, {
    properties: { TTL: 5, metadata: { owner: "you" } },
  });
  const read = await bench.client.read(type, state.id, state);
  expect(read?.inputs).toEqual({ ...state.inputs, ttl: 5, metadata: { owner: "you" } });
  expect((await bench.client.diff(type, read!, state.inputs)).changes).toEqual({
    "metadata.owner": "update",
    ttl: "update",
  });
  await bench.cloud.arm("DELETE", "Microsoft.Network/dnsZones/local.test/CNAME/acme", DNS);
  expect(await bench.client.read(type, state.id, state)).toBeUndefined();
  await bench.client.delete(type, state);
});

test("an import takes the inputs from the resource, and updating it to the program's changes nothing by replacement", async () => {
  const { route } = await makeEdge(bench);
  const imported = await bench.client.read(token("cdn:Route"), route!.id);
  expect(imported?.inputs).toMatchObject({
    resourceGroupName: "rg",
    profileName: "p",
    endpointName: "e",
    routeName: "acme",
  });
  expect(imported?.inputs.customDomains).toEqual([{ id: `${PROFILE}/customDomains/acme` }]);
  const { changes } = await bench.client.diff(token("cdn:Route"), imported!, route!.inputs);
  expect(Object.values(changes).filter((kind) => String(kind).includes("replace"))).toEqual([]);
});

test("a read waits for a resource that a cut-off run left being made", async () => {
  let release: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    release = resolve;
  });
  await bench.reopen({ onServer: () => started });
  const path = "Microsoft.DBforPostgreSQL/flexibleServers/db-01";
  const properties = { administratorLogin: "adm", administratorLoginPassword: "x", version: "18" };
  await bench.cloud.arm("PUT", path, "2025-08-01", { location: "westeurope", properties });
  const reading = bench.client.read(token("dbforpostgresql:Server"), `${GROUP}/providers/${path}`);
  setTimeout(release, 100);
  expect((await reading)?.outputs.fullyQualifiedDomainName).toBe("127.0.0.1:5433");
});

test("a server whose start fails stays known with its id, and the next update repairs it", async () => {
  let isBroken = true;
  await bench.reopen({
    onServer: () => (isBroken ? Promise.reject(new Error("no space left")) : Promise.resolve()),
  });
  const inputs = {
    ...inGroup,
    serverName: "db-01",
    administratorLogin: "adm",
    administratorLoginPassword: "x",
    version: "18",
  };
  const failed = await bench
    .make("dbforpostgresql:Server", inputs)
    .catch((error: unknown) => error as InitFailure);
  expect(failed).toMatchObject({
    message: 'Code="InternalServerError" Message="no space left"',
    made: {
      id: `${GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/db-01`,
      inputs: { serverName: "db-01" },
    },
  });
  isBroken = false;
  const { made } = failed as InitFailure;
  const repaired = await bench.client.update(token("dbforpostgresql:Server"), made, made.inputs);
  expect(repaired.outputs.fullyQualifiedDomainName).toBe("127.0.0.1:5433");
});

test("a read after an engine was cut off in a create finds the resource whole", async () => {
  const inputs = {
    ...inGroup,
    serverName: "db-01",
    administratorLogin: "adm",
    administratorLoginPassword: "x",
    version: "18",
  };
  const checked = await bench.client.check(token("dbforpostgresql:Server"), inputs);
  const cutOff = new PluginClient(bench.cloud.context.portOf("azure-native"));
  await cutOff.configure({ subscriptionId: SUBSCRIPTION });
  cutOff.create(token("dbforpostgresql:Server"), checked.inputs).catch(() => undefined);
  await expect.poll(() => bench.cloud.calls.length, SOON).toBe(1);
  cutOff.close();
  const id = `${GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/db-01`;
  const found = await bench.client.read(token("dbforpostgresql:Server"), id);
  expect(found?.outputs.fullyQualifiedDomainName).toBe("127.0.0.1:5433");
});
