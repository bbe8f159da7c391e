import { describe, expect, test } from "vitest";
import { PlatformStack } from "../../src/program/index.ts";
import { CONFIG, declare } from "./support.ts";

const GROUP = { resourceGroupName: "tenantry-local" };
const VAULT = {
  platform: "https://vault-platform.vault.test/",
  tenants: "https://vault-tenants.vault.test/",
};
const MARKER = { stack: "local.acme", slug: "platform", tenantId: "local.acme" };
/** What the SDK class adds of itself. */
const AZURE_DEFAULTS = {
  enabledForDeployment: false,
  enabledForDiskEncryption: false,
  enabledForTemplateDeployment: false,
  publicNetworkAccess: "enabled",
};
const ENCODED = "p%40ss%2Fw%3Ard";
const vault = (name: string) => ({
  ...GROUP,
  vaultName: name,
  location: "westeurope",
  properties: {
    tenantId: "azure-tenant",
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    enableSoftDelete: true,
    softDeleteRetentionInDays: 90,
    enablePurgeProtection: true,
    ...AZURE_DEFAULTS,
  },
});
const secret = (name: string, value: string) => ({ vaultUrl: VAULT.platform, name, value, ...MARKER });

describe("PlatformStack", () => {
  test("declares exactly these resources with exactly these inputs", async () => {
    const declared = await declare(() => {
      new PlatformStack("local", { config: CONFIG, masterFiles: { "0001_identity.sql": "sha" } });
    });
    const byName = Object.fromEntries(declared.map(({ name, type, inputs }) => [name, { type, ...inputs }]));
    expect(byName).toEqual({
      local: { type: "tenantry:index:PlatformStack" },
      "platform-group": { type: "azure-native:resources:ResourceGroup", ...GROUP, location: "westeurope" },
      "platform-vault": { type: "azure-native:keyvault:Vault", ...vault("vault-platform") },
      "tenants-vault": { type: "azure-native:keyvault:Vault", ...vault("vault-tenants") },
      "platform-tenantry": {
        type: "pulumi:providers:tenantry",
        environment: "local",
        platformVaultUrl: VAULT.platform,
        tenantVaultUrl: VAULT.tenants,
        masterRef: "master-admin",
        masterReadRef: "master-read",
        subscriptionId: "subscription",
        resourceGroup: "tenantry-local",
        zone: "local.tenantry.test",
        profile: "profile",
        endpoint: "endpoint",
      },
      "platform-zone": {
        type: "azure-native:dns:Zone",
        ...GROUP,
        zoneName: "local.tenantry.test",
        location: "Global",
        zoneType: "Public",
      },
      "platform-profile": {
        type: "azure-native:cdn:Profile",
        ...GROUP,
        profileName: "profile",
        location: "Global",
        sku: { name: "Standard_AzureFrontDoor" },
      },
      "platform-endpoint": {
        type: "azure-native:cdn:AFDEndpoint",
        ...GROUP,
        profileName: "profile",
        endpointName: "endpoint",
        location: "Global",
        enabledState: "Enabled",
      },
      "platform-origin-group": {
        type: "azure-native:cdn:AFDOriginGroup",
        ...GROUP,
        profileName: "profile",
        originGroupName: "tenants",
        loadBalancingSettings: {
          sampleSize: 4,
          successfulSamplesRequired: 3,
          additionalLatencyInMilliseconds: 50,
        },
      },
      "platform-origin": {
        type: "azure-native:cdn:AFDOrigin",
        ...GROUP,
        profileName: "profile",
        originGroupName: "tenants",
        originName: "application",
        hostName: "origin.tenantry.test",
        httpPort: 80,
        httpsPort: 443,
        priority: 1,
        weight: 1000,
        enabledState: "Enabled",
        enforceCertificateNameCheck: true,
      },
      "platform-route": {
        type: "azure-native:cdn:Route",
        ...GROUP,
        profileName: "profile",
        endpointName: "endpoint",
        routeName: "shared",
        originGroup: { id: "platform-origin-group-id" },
        patternsToMatch: ["/*"],
        supportedProtocols: ["Http", "Https"],
        forwardingProtocol: "MatchRequest",
        httpsRedirect: "Disabled",
        linkToDefaultDomain: "Enabled",
        enabledState: "Enabled",
      },
      "server-db-01-password": {
        type: "random:index/randomPassword:RandomPassword",
        length: 32,
        minLower: 1,
        minUpper: 1,
        minNumeric: 1,
      },
      "server-db-01": {
        type: "azure-native:dbforpostgresql:Server",
        ...GROUP,
        serverName: "db-01",
        location: "westeurope",
        version: "18",
        administratorLogin: "tenantry_admin",
        administratorLoginPassword: "p@ss/w:rd",
        authConfig: { activeDirectoryAuth: "Disabled", passwordAuth: "Enabled", tenantId: "azure-tenant" },
        sku: { name: "Standard_B1ms", tier: "Burstable" },
        storage: { storageSizeGB: 32 },
        availabilityZone: "",
      },
      "server-db-01-admin-secret": {
        type: "tenantry:index:VaultSecret",
        ...secret(
          "server-db-01-admin",
          `postgres://tenantry_admin:${ENCODED}@db-01.postgres.test:6543/postgres?sslmode=verify-full`,
        ),
      },
      "master-postgresql": {
        type: "pulumi:providers:postgresql",
        host: "db-01.postgres.test",
        port: "6543",
        username: "tenantry_admin",
        password: "p@ss/w:rd",
        sslmode: "require",
        superuser: "false",
        connectTimeout: "180",
      },
      "master-owner-postgresql": {
        type: "pulumi:providers:postgresql",
        host: "db-01.postgres.test",
        port: "6543",
        username: "tenantry_master",
        password: "p@ss/w:rd",
        database: "tenantry_master",
        sslmode: "require",
        superuser: "false",
        connectTimeout: "180",
      },
      "tenantry_master-password": { type: "random:index/randomPassword:RandomPassword", length: 32 },
      "tenantry_master-role": {
        type: "postgresql:index/role:Role",
        name: "tenantry_master",
        login: true,
        password: "p@ss/w:rd",
      },
      "tenantry_read-password": { type: "random:index/randomPassword:RandomPassword", length: 32 },
      "tenantry_read-role": {
        type: "postgresql:index/role:Role",
        name: "tenantry_read",
        login: true,
        password: "p@ss/w:rd",
      },
      "master-database": {
        type: "postgresql:index/database:Database",
        name: "tenantry_master",
        owner: "tenantry_master",
      },
      "master-public-grant": {
        type: "postgresql:index/grant:Grant",
        database: "tenantry_master",
        role: "public",
        objectType: "database",
        privileges: [],
      },
      "master-read-grant": {
        type: "postgresql:index/grant:Grant",
        database: "tenantry_master",
        role: "tenantry_read",
        objectType: "database",
        privileges: ["CONNECT"],
      },
      "master-admin-secret": {
        type: "tenantry:index:VaultSecret",
        ...secret(
          "master-admin",
          `postgres://tenantry_master:${ENCODED}@db-01.postgres.test:6543/tenantry_master?sslmode=verify-full`,
        ),
      },
      "master-read-secret": {
        type: "tenantry:index:VaultSecret",
        ...secret(
          "master-read",
          `postgres://tenantry_read:${ENCODED}@db-01.postgres.test:6543/tenantry_master?sslmode=verify-full`,
        ),
      },
      master: {
        type: "tenantry:index:Master",
        files: { "0001_identity.sql": "sha" },
        mainTenant: { slug: "main", displayName: "Main" },
        ownerRole: "tenantry_master",
        readRole: "tenantry_read",
      },
      "server-db-01-row": {
        type: "tenantry:index:Server",
        name: "db-01",
        region: "westeurope",
        capacityHint: 10,
        maxConnections: 100,
        tenantConnections: 2,
        status: "active",
        host: "db-01.postgres.test",
        port: 6543,
        adminSecretRef: "server-db-01-admin",
      },
      "server-db-02-row": {
        type: "tenantry:index:Server",
        name: "db-02",
        region: "northeurope",
        capacityHint: 20,
        maxConnections: 50,
        tenantConnections: 1,
        status: "draining",
        host: "10.0.0.9",
        port: 5432,
        adminSecretRef: "server-db-02-admin",
      },
      "platform-guard": { type: "tenantry:index:PlatformGuard", environment: "local" },
    });
  });
});
