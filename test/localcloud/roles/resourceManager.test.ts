import http from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { pluginsService } from "../../../src/localcloud/plugins/index.ts";
import { IDENTITY_NAMES, type IdentityName, PRINCIPALS } from "../../../src/localcloud/roles/identities.ts";
import { GROUP, type Harness, makeEdge, openHarness, SUBSCRIPTION } from "../arm/harness.ts";
import { PluginClient } from "../plugins/pluginClient.ts";

const ZONE = "Microsoft.Network/dnsZones/local.test";
const PROFILE = "Microsoft.Cdn/profiles/p";
const ROUTE = `${PROFILE}/afdEndpoints/e/routes/tenant-acme`;
const SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/db-09";

const ALL: readonly IdentityName[] = ["owner", "deployer", "previewer"];
const TENANTS: readonly IdentityName[] = ["owner", "deployer"];
const OWNER: readonly IdentityName[] = ["owner"];

let cloud: Harness;

beforeAll(async () => {
  cloud = await openHarness();
  await cloud.start(armService());
  await cloud.start(pluginsService());
  await makeEdge(cloud);
});

afterAll(() => cloud.stop());

async function ask(identity: IdentityName, method: string, where: string, body?: object): Promise<Response> {
  const path = where.startsWith("/") ? where : `${GROUP}${where === "" ? "" : `/providers/${where}`}`;
  const token = cloud.context.tokens.issue("https://management.azure.com", identity);
  const versions = { "Microsoft.Cdn": "2024-02-01", "Microsoft.Network": "2018-05-01" };
  const version = Object.entries(versions).find(([namespace]) => path.includes(namespace))?.[1];
  return fetch(
    `http://127.0.0.1:${cloud.context.portOf("arm")}${path}?api-version=${version ?? "2024-03-01"}`,
    {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  );
}

/** What is asked for isn't there, or its body is wrong: whoever may is refused for that, and nothing changes. */
describe.each<[what: string, method: string, where: string, allowed: readonly IdentityName[]]>([
  ["read the group", "GET", "", ALL],
  ["list groups", "GET", `/subscriptions/${SUBSCRIPTION}/resourceGroups`, ALL],
  ["change the group", "PUT", "", OWNER],
  ["delete a group", "DELETE", `/subscriptions/${SUBSCRIPTION}/resourceGroups/other`, OWNER],
  ["read a vault", "GET", "Microsoft.KeyVault/vaults/kv-tenants", ALL],
  ["make a vault", "PUT", "Microsoft.KeyVault/vaults/kv-tenants", OWNER],
  ["delete a vault", "DELETE", "Microsoft.KeyVault/vaults/kv-tenants", OWNER],
  ["read the zone", "GET", ZONE, ALL],
  ["make a zone", "PUT", "Microsoft.Network/dnsZones/other.test", OWNER],
  ["delete a zone", "DELETE", "Microsoft.Network/dnsZones/other.test", OWNER],
  ["list record sets", "GET", `${ZONE}/recordsets`, ALL],
  ["read a CNAME", "GET", `${ZONE}/CNAME/acme`, ALL],
  ["write a CNAME", "PUT", `${ZONE}/CNAME/acme`, TENANTS],
  ["delete a CNAME", "DELETE", `${ZONE}/CNAME/acme`, TENANTS],
  ["write a TXT", "PUT", `${ZONE}/TXT/_dnsauth.acme`, TENANTS],
  ["change a TXT", "PATCH", `${ZONE}/TXT/_dnsauth.acme`, TENANTS],
  ["write a CNAME in other letters", "PUT", `${ZONE.toUpperCase()}/cname/acme`, TENANTS],
  ["write an A record", "PUT", `${ZONE}/A/acme`, OWNER],
  ["read the profile", "GET", PROFILE, ALL],
  ["make a profile", "PUT", "Microsoft.Cdn/profiles/other", OWNER],
  ["delete a profile", "DELETE", "Microsoft.Cdn/profiles/other", OWNER],
  ["make an endpoint", "PUT", `${PROFILE}/afdEndpoints/other`, OWNER],
  ["make an origin group", "PUT", `${PROFILE}/originGroups/other`, OWNER],
  ["purge a cache", "POST", `${PROFILE}/afdEndpoints/e/purge`, OWNER],
  ["make a domain", "PUT", `${PROFILE}/customDomains/tenant-acme`, TENANTS],
  ["delete a domain", "DELETE", `${PROFILE}/customDomains/tenant-acme`, TENANTS],
  ["make a route", "PUT", ROUTE, TENANTS],
  ["delete a route", "DELETE", ROUTE, TENANTS],
  ["read a server", "GET", SERVER, ALL],
  ["make a server", "PUT", SERVER, OWNER],
  ["delete a server", "DELETE", SERVER, OWNER],
  ["poll an operation", "GET", "/providers/Microsoft.Resources/operationStatuses/x", ALL],
  [
    "list deleted vaults",
    "GET",
    `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults`,
    ALL,
  ],
  ["assign a role", "PUT", "Microsoft.Authorization/roleAssignments/x", OWNER],
])("%s", (_, method, where, allowed) => {
  test.each(IDENTITY_NAMES)("%s", async (identity) => {
    const response = await ask(identity, method, where, method === "GET" ? undefined : { strange: true });
    const body = (await response.json().catch(() => ({}))) as { error?: { code?: string } };
    const isDenied = response.status === 403 && body.error?.code === "AuthorizationFailed";
    expect(isDenied, `${response.status} ${JSON.stringify(body)}`).toBe(!allowed.includes(identity));
  });
});

// https://learn.microsoft.com/azure/role-based-access-control/troubleshooting ("Authorization failed"); the whole
// sentence as in https://github.com/Azure/azure-rest-api-specs-examples/issues/4471.
test("the refusal names client, object id, action and scope in Resource Manager's words, and nothing is changed", async () => {
  const refused = await ask("previewer", "PUT", `${ZONE}/CNAME/other`, {
    properties: { TTL: 300, CNAMERecord: { cname: "x.example" } },
  });
  expect([refused.status, await refused.json()]).toEqual([
    403,
    {
      error: {
        code: "AuthorizationFailed",
        message: `The client 'previewer' with object id '${PRINCIPALS.previewer.objectId}' does not have authorization to perform action 'Microsoft.Network/dnsZones/CNAME/write' over scope '${GROUP}/providers/${ZONE}/CNAME/other' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      },
    },
  ]);
  expect((await ask("owner", "GET", `${ZONE}/CNAME/other`)).status).toBe(404);
});

test("a list is asked of what holds it", async () => {
  const { error } = (await (await ask("none", "GET", `${ZONE}/CNAME`)).json()) as {
    error: { message: string };
  };
  expect(error.message).toContain(
    `'Microsoft.Network/dnsZones/CNAME/read' over scope '${GROUP}/providers/${ZONE}' `,
  );
});

test.each([
  ["dots", `${GROUP}/providers/${ZONE}/CNAME/x/../../../local.test`],
  ["coded dots", `${GROUP}/providers/${ZONE}/CNAME/x/%2e%2e/%2E%2e/../local.test`],
  ["doubled slashes", `//subscriptions${GROUP.slice("/subscriptions".length)}/providers/${ZONE}`],
])("a path with %s is authorized as what it leads to", async (_, path) => {
  expect(await askRaw("deployer", "DELETE", path)).toBe(403);
  expect((await ask("owner", "GET", ZONE)).status).toBe(200);
});

/** Status for a path as it is: `fetch` would tidy it up before it sends it. */
function askRaw(identity: IdentityName, method: string, path: string): Promise<number | undefined> {
  const headers = {
    authorization: `Bearer ${cloud.context.tokens.issue("https://management.azure.com", identity)}`,
  };
  const port = cloud.context.portOf("arm");
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path: `${path}?api-version=2018-05-01`, headers };
    const asked = http.request(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("azure-native acts as the identity whose port it is attached at", () => {
  const record = {
    resourceGroupName: "rg",
    zoneName: "local.test",
    recordType: "CNAME",
    ttl: 300,
    cnameRecord: { cname: "x.example" },
  };

  async function makeAs(port: string, type: string, inputs: object): Promise<unknown> {
    const client = new PluginClient(cloud.context.portOf(port));
    try {
      await client.configure({ subscriptionId: SUBSCRIPTION });
      return (await client.make(`azure-native:${type}`, { ...inputs })).id;
    } catch (error) {
      return (error as Error).message;
    } finally {
      client.close();
    }
  }

  test.each([
    ["azure-native", "owner"],
    ["azure-native-deployer", "deployer"],
  ])("%s makes a record set", async (port, name) => {
    expect(await makeAs(port, "dns:RecordSet", { ...record, relativeRecordSetName: name })).toBe(
      `${GROUP}/providers/Microsoft.Network/dnszones/local.test/CNAME/${name}`,
    );
  });

  test.each<[string, IdentityName, string]>([
    ["azure-native-previewer", "previewer", "write"],
    ["azure-native-none", "none", "read"],
  ])("%s doesn't", async (port, name, verb) => {
    expect(await makeAs(port, "dns:RecordSet", { ...record, relativeRecordSetName: name })).toMatch(
      `Status=403 Code="AuthorizationFailed" Message="The client '${name}' with object id '${PRINCIPALS[name].objectId}' does not have authorization to perform action 'Microsoft.Network/dnsZones/CNAME/${verb}' over scope '${GROUP}/providers/Microsoft.Network/dnsZones/local.test/CNAME/${name}'`,
    );
    expect((await ask("owner", "GET", `${ZONE}/CNAME/${name}`)).status).toBe(404);
  });

  test("the deployer makes no platform", async () => {
    const zone = {
      resourceGroupName: "rg",
      zoneName: "deployer.test",
      location: "Global",
      zoneType: "Public",
    };
    expect(await makeAs("azure-native-deployer", "dns:Zone", zone)).toContain(
      "does not have authorization to perform action 'Microsoft.Network/dnsZones/write'",
    );
  });
});
