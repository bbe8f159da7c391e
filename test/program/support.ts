import * as pulumi from "@pulumi/pulumi";
import type { DesiredTenant } from "../../src/tenant/desired.ts";
import type { EnvironmentConfig } from "../../src/tenant/environmentConfig.ts";
import type { IdentitySeeds } from "../../src/tenant/identitySeeds.ts";

/** One resource as the program declared it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const OUTPUTS: Readonly<Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>> = {
  "tenantry:index:TenantRecord": () => ({ tenantId: "6f1d2c4e-0000-4000-8000-000000000001" }),
  "tenantry:index:Placement": () => ({ serverName: "db-01", host: "127.0.0.1", port: 5433 }),
  "tenantry:index:Admin": () => ({ adminId: "admin-id", invitationId: "invitation-id" }),
  "tenantry:index:Master": () => ({ mainTenantId: "main-id" }),
  "random:index/randomPassword:RandomPassword": () => ({ result: "p@ss/w:rd" }),
  "azure-native:resources:ResourceGroup": ({ resourceGroupName }) => ({ name: resourceGroupName }),
  "azure-native:cdn:Profile": ({ profileName }) => ({ name: profileName }),
  "azure-native:cdn:AFDOriginGroup": ({ originGroupName }) => ({ name: originGroupName }),
  "azure-native:keyvault:Vault": ({ vaultName }) => ({
    properties: { vaultUri: `https://${String(vaultName)}.vault.test/` },
  }),
  "azure-native:dbforpostgresql:Server": ({ serverName }) => ({
    fullyQualifiedDomainName: `${String(serverName)}.postgres.test:6543`,
  }),
  "azure-native:cdn:AFDEndpoint": () => ({ hostName: "edge.azurefd.test" }),
  "azure-native:cdn:AFDCustomDomain": () => ({ validationProperties: { validationToken: "token" } }),
};

/** Runs a piece of program against mocks and answers what it declared, in order of registration. */
export async function declare(program: () => void): Promise<Declared[]> {
  const declared: Declared[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        declared.push({ type, name, inputs: open(inputs) as Record<string, unknown> });
        return { id: `${name}-id`, state: { ...inputs, ...OUTPUTS[type]?.(inputs) } };
      },
      call: ({ inputs }) => inputs,
    },
    "tenantry",
    "local.acme",
    false,
    "organization",
  );
  program();
  await pulumi.runtime.disconnect();
  return declared;
}

/** Mocks hand a secret over in its envelope where the SDK made it one itself. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== "object" || value === null) return value;
  if ("4dabf18193072939515e22adb298388d" in value) return open((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, open(each)]));
}

/** An environment with one server of our own and one that is there already. */
export const CONFIG: EnvironmentConfig = {
  product: "tenantry",
  environment: "local",
  zone: "local.tenantry.test",
  resourceGroup: "tenantry-local",
  location: "westeurope",
  subscriptionId: "subscription",
  azureTenantId: "azure-tenant",
  vaults: { platform: "vault-platform", tenants: "vault-tenants" },
  frontDoor: { profile: "profile", endpoint: "endpoint", originHost: "origin.tenantry.test" },
  edge: { mode: "perTenant", profiles: 1, waitMs: 1000 },
  servers: [
    {
      name: "db-01",
      region: "westeurope",
      capacityHint: 10,
      maxConnections: 100,
      tenantConnections: 2,
      status: "active",
      adminRotation: 0,
      sku: { name: "Standard_B1ms", tier: "Burstable" },
      storageGb: 32,
    },
    {
      name: "db-02",
      region: "northeurope",
      capacityHint: 20,
      maxConnections: 50,
      tenantConnections: 1,
      status: "draining",
      adminRotation: 0,
      sku: { name: "Standard_B1ms", tier: "Burstable" },
      storageGb: 32,
      existing: { host: "10.0.0.9", port: 5432 },
    },
  ],
  master: { server: "db-01", database: "tenantry_master" },
  mainTenant: { slug: "main", displayName: "Main" },
  migrations: { kind: "sql", dir: "migrations/tenant" },
  backups: { url: "file:.tenantry/backups" },
  retentionDays: 30,
  settings: {},
};

export const SEEDS: IdentitySeeds = {
  roles: { DashboardViewer: { permissions: ["dashboards:read"] } },
  groups: { TenantOwners: { roles: ["DashboardViewer"], hasAdmin: true } },
  scopes: { all: { name: "tenantry_api" } },
  apiResources: {},
  identityResources: {},
  providers: {},
  applications: {},
  connections: {},
  apiKeys: { default: { scopes: ["tenantry_api"], secretName: "tenant-key-acme--default" } },
};

export const ACME: DesiredTenant = {
  slug: "acme",
  environment: "local",
  stack: "local.acme",
  displayName: "Acme Health",
  legalName: "Acme Health Incorporated",
  adminEmail: "admin@acme.example",
  status: "active",
  isPurgeConfirmed: false,
  hold: false,
  plan: "trial",
  server: "auto",
  region: "any",
  isolation: "database",
  databaseName: "tenant_acme",
  roleName: "tenant_acme_owner",
  secretName: "tenant-db-acme",
  hosts: ["acme.local.tenantry.test"],
  settings: { maxTokens: { value: 1000, source: "plan" } },
  labels: { tier: "pilot" },
  retentionDays: 30,
  migrations: { kind: "sql", dir: "migrations/tenant" },
  identity: SEEDS,
};
