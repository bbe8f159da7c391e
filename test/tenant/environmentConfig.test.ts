import { describe, expect, test } from "vitest";
import type { UserError } from "../../src/tenant/errors.ts";
import { parseEnvironmentConfig } from "../../src/tenant/parseEnvironmentConfig.ts";
import { formatProblem, sortProblems } from "../../src/tenant/problems.ts";
import { parseStackFile } from "../../src/tenant/stackFile.ts";
import { parseYamlDocument } from "../../src/tenant/yamlDocument.ts";
import { stackFile } from "./project.ts";

const RAW = {
  environment: "local",
  zone: "local.tenantry.test",
  resourceGroup: "tenantry-local",
  location: "westeurope",
  subscriptionId: "10ca1000-0000-4000-8000-000000000001",
  azureTenantId: "10ca1000-0000-4000-8000-000000000002",
  vaults: { platform: "tenantry-platform", tenants: "tenantry-tenants" },
  frontDoor: { profile: "tenantry", endpoint: "tenantry", originHost: "origin.tenantry.test" },
  edge: { mode: "perTenant" },
  servers: [
    { name: "db-01", region: "westeurope", capacityHint: 20, maxConnections: 100, tenantConnections: 2 },
  ],
  master: { server: "db-01" },
  mainTenant: { slug: "main", displayName: "Main" },
  migrations: { kind: "sql", dir: "migrations/tenant" },
  backups: { url: "file:.tenantry/backups" },
};

function refusal(change: Readonly<Record<string, unknown>>): string {
  try {
    parseEnvironmentConfig({ ...RAW, ...change }, "stacks/Pulumi.local.yaml");
  } catch (error) {
    const { code, message } = error as UserError;
    return `${code} ${message}`;
  }
  throw new Error("accepted");
}

describe("Pulumi's values", () => {
  test("become a config with every default", () => {
    expect(parseEnvironmentConfig(RAW, "config")).toEqual({
      ...RAW,
      product: "tenantry",
      edge: { mode: "perTenant", profiles: 1, waitMs: 60_000 },
      servers: [
        {
          ...RAW.servers[0],
          status: "active",
          sku: { name: "Standard_B1ms", tier: "Burstable" },
          storageGb: 32,
          adminRotation: 0,
        },
      ],
      master: { server: "db-01", database: "tenantry_master" },
      retentionDays: 30,
      settings: {},
    });
  });

  test.each([
    [
      { edge: { mode: "wildcard" } },
      "E_NOT_SUPPORTED stacks/Pulumi.local.yaml 'edge.mode': expected 'perTenant'; got 'wildcard'. Other modes are not built yet.",
    ],
    [
      { environment: "prod", edge: {} },
      "E_NOT_SUPPORTED stacks/Pulumi.local.yaml 'edge.mode': expected 'perTenant'; got nothing, which means 'wildcard'. Other modes are not built yet.",
    ],
    [
      { edge: { mode: "perTenant", profiles: 2 } },
      "E_NOT_SUPPORTED stacks/Pulumi.local.yaml 'edge.profiles': expected 1; got 2. More profiles are not built yet.",
    ],
    [
      { edge: { mode: "some" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'edge.mode': expected 'perTenant'; got 'some'.",
    ],
    [
      { backups: { url: "https://store.example/b" } },
      "E_NOT_SUPPORTED stacks/Pulumi.local.yaml 'backups.url': expected a `file:` URL; got 'https://store.example/b'. Other stores are not built yet.",
    ],
    [
      { transformations: {} },
      "E_NOT_SUPPORTED stacks/Pulumi.local.yaml 'transformations': not built yet (transformations of settings); remove the field.",
    ],
    [{ zonee: "x" }, "E_NO_CONFIG stacks/Pulumi.local.yaml 'zonee': no such field; did you mean 'zone'?"],
    [
      { zone: "Example" },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'zone': expected a lowercase host name such as 'tenants.example.com'; got 'Example'.",
    ],
    [
      { master: { server: "db-02" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'master.server': expected 'db-01' (servers); got 'db-02'.",
    ],
    [
      { vaults: { platform: "same-vault", tenants: "Same-Vault" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'vaults.tenants': expected another vault than the platform's; got 'Same-Vault'.",
    ],
    [
      { servers: [...RAW.servers, ...RAW.servers] },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'servers[1].name': expected each server once; got 'db-01'.",
    ],
    [
      { servers: [{ ...RAW.servers[0], existing: { host: "db.example" }, storageGb: 64 }] },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'servers[0].storageGb': expected no size for an existing server; got the number 64.",
    ],
    [
      { servers: [{ ...RAW.servers[0], capacity: 3 }] },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'servers[0].capacity': no such field; expected 'adminRotation', 'capacityHint', 'existing', 'maxConnections', 'name', 'region', 'sku', 'status', 'storageGb' or 'tenantConnections'.",
    ],
    [
      { migrations: { kind: "knex" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'migrations.kind': expected 'sql' or 'command'; got 'knex'.",
    ],
    [
      { migrations: { kind: "sql", dir: "../elsewhere" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'migrations.dir': expected a folder below the project's root such as 'migrations/tenant'; got '../elsewhere'.",
    ],
    [
      { settings: { apiKey: "c4n4ry" } },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'settings.apiKey': expected no secret in a file that Git keeps; got a value that looks like one. Keep it in Key Vault.",
    ],
    [
      { subscriptionId: undefined },
      "E_NO_CONFIG stacks/Pulumi.local.yaml 'subscriptionId': expected the subscription's id (`az account show --query id --output tsv` prints it); got nothing.",
    ],
  ])("%j is refused", (change, message) => {
    expect(refusal(change)).toBe(message);
  });

  test("of `local` are perTenant by default", () => {
    const { edge, ...rest } = RAW;
    expect(parseEnvironmentConfig(rest, "config").edge).toEqual({ ...edge, profiles: 1, waitMs: 60_000 });
  });

  test("that aren't there at all are E_NO_CONFIG", () => {
    expect(() => parseEnvironmentConfig(undefined, "config")).toThrow(
      "config: expected config of namespace 'tenantry'; got nothing.",
    );
    expect(() => parseEnvironmentConfig({}, "config")).toThrow(
      "config 'zone': expected a host name; got nothing.",
    );
  });
});

describe("a stack's file", () => {
  const problemsOf = (text: string, environment: string) =>
    sortProblems(
      parseStackFile(parseYamlDocument(text, `stacks/Pulumi.${environment}.yaml`), environment).problems,
    ).map(formatProblem);

  test("is good for local and for Azure", () => {
    expect(problemsOf(stackFile("local"), "local")).toEqual([]);
    expect(problemsOf(stackFile("prod"), "prod")).toEqual([]);
  });

  test("must be of the environment its name says", () => {
    expect(problemsOf(stackFile("local").replace("environment: local", "environment: dev"), "local")).toEqual(
      [
        "stacks/Pulumi.local.yaml:3:25 'config.tenantry:environment': expected 'local', as the file is named; got 'dev'.",
      ],
    );
  });

  test("names the commands for what only Azure can make", () => {
    const text = stackFile("prod")
      .replace("secretsprovider: azurekeyvault://v/keys/k\nencryptedkey: abc\n", "")
      .replace(/ {2}tenantry:(subscriptionId|azureTenantId):.*\n/g, "");
    expect(problemsOf(text, "prod")).toEqual([
      "stacks/Pulumi.prod.yaml:1:1 'secretsprovider': expected 'azurekeyvault://<vault>.vault.azure.net/keys/<key>' (`az keyvault key create --vault-name <vault> --name <key>` makes the key); got nothing.",
      "stacks/Pulumi.prod.yaml:1:1 'encryptedkey': expected the state's encrypted key (`pulumi stack init prod --secrets-provider=azurekeyvault://<vault>.vault.azure.net/keys/<key> && grep encryptedkey Pulumi.prod.yaml >> stacks/Pulumi.prod.yaml && rm Pulumi.prod.yaml` writes it); got nothing.",
      "stacks/Pulumi.prod.yaml:2:3 'subscriptionId': expected the subscription's id (`az account show --query id --output tsv` prints it); got nothing.",
      "stacks/Pulumi.prod.yaml:2:3 'azureTenantId': expected the Azure tenant's id (`az account show --query tenantId --output tsv` prints it); got nothing.",
    ]);
  });

  test("holds no secret and nothing Pulumi would fetch from elsewhere", () => {
    const text = stackFile("local", "  tenantry:extra:", "    secure: v1:abc", "environment: [shared]");
    expect(problemsOf(text, "local")).toEqual([
      expect.stringContaining("'extra': no such field;"),
      expect.stringContaining("'config.tenantry:extra': expected a plain value; got a secret."),
      expect.stringContaining(
        "'environment': no such field; expected encryptionsalt, secretsprovider, encryptedkey, config.",
      ),
    ]);
  });

  test("keeps its salt, or Pulumi would write a new one", () => {
    expect(problemsOf(stackFile("local").replace(/^encryptionsalt.*\n/, ""), "local")).toEqual([
      "stacks/Pulumi.local.yaml:1:1 'encryptionsalt': expected the salt that belongs to passphrase 'local'; got nothing.",
    ]);
  });

  test("points at values below the namespace", () => {
    const text = stackFile("local").replace("mode: perTenant", "mode: wildcard");
    expect(problemsOf(text, "local")).toEqual([
      "stacks/Pulumi.local.yaml:11:26 'edge.mode': expected 'perTenant'; got 'wildcard'. Other modes are not built yet.",
    ]);
  });
});
