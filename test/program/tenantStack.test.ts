import { describe, expect, test } from "vitest";
import { TenantryProvider, TenantStack, type TenantStackArgs } from "../../src/program/index.ts";
import { ACME, CONFIG, type Declared, declare, SEEDS } from "./support.ts";

const KEY = { slug: "acme", stack: "local.acme", tenantId: "6f1d2c4e-0000-4000-8000-000000000001" };
const PLACE = { ...KEY, server: "db-01", database: "tenant_acme", role: "tenant_acme_owner" };
const SQL = { kind: "sql", dir: "migrations/tenant" };
const MARKER = {
  "tenantry-stack": KEY.stack,
  "tenantry-slug": KEY.slug,
  "tenantry-id": KEY.tenantId,
};
const SETTINGS = { maxTokens: { value: 1000, source: "plan" } };

function declareAcme(overrides: Partial<TenantStackArgs> = {}): Promise<Declared[]> {
  return declare(() => {
    new TenantStack("acme", {
      tenant: ACME,
      config: CONFIG,
      platform: {
        platformVaultUrl: "https://platform.vault.test/",
        tenantVaultUrl: "https://tenants.vault.test/",
        endpointHost: "edge.azurefd.test",
        originGroupId: "/origin-group",
      },
      migrationFiles: { "0001_app.sql": "sha" },
      isProtected: true,
      rotation: 0,
      provider: new TenantryProvider("tenantry", {
        environment: "local",
        platformVaultUrl: "https://platform.vault.test/",
        tenantVaultUrl: "https://tenants.vault.test/",
        masterRef: "master-admin",
        masterReadRef: "master-read",
        subscriptionId: "subscription",
        resourceGroup: "tenantry-local",
        zone: "local.tenantry.test",
        profile: "profile",
        endpoint: "endpoint",
      }),
      ...overrides,
    });
  });
}

const RESERVATION: Declared[] = [
  {
    type: "tenantry:index:TenantRecord",
    name: "acme-record",
    inputs: {
      slug: "acme",
      stack: "local.acme",
      hosts: ["acme.local.tenantry.test"],
      databaseName: "tenant_acme",
      roleName: "tenant_acme_owner",
      secretName: "tenant-db-acme",
      isolation: "database",
      status: "active",
      isPurgeConfirmed: false,
      retentionDays: 30,
      facts: {
        displayName: "Acme Health",
        legalName: "Acme Health Incorporated",
        plan: "trial",
        labels: { tier: "pilot" },
        settings: { maxTokens: { value: 1000, source: "plan" } },
      },
    },
  },
  {
    type: "tenantry:index:Placement",
    name: "acme-placement",
    inputs: { slug: "acme", stack: "local.acme", server: "auto", region: "any", migrations: SQL },
  },
  {
    type: "tenantry:index:StateCheck",
    name: "acme-check",
    inputs: {
      ...PLACE,
      secretName: "tenant-db-acme",
      seededSecrets: ["tenant-key-acme--default"],
      hosts: ["acme.local.tenantry.test"],
    },
  },
];

const DATA: Declared[] = [
  {
    type: "random:index/randomPassword:RandomPassword",
    name: "acme-password",
    inputs: { length: 32 },
  },
  {
    type: "tenantry:index:VaultSecret",
    name: "acme-secret",
    inputs: {
      ...KEY,
      vaultUrl: "https://tenants.vault.test/",
      name: "tenant-db-acme",
      value: "postgres://tenant_acme_owner:p%40ss%2Fw%3Ard@127.0.0.1:5433/tenant_acme?sslmode=disable",
    },
  },
  {
    type: "tenantry:index:Database",
    name: "acme-database",
    inputs: { ...PLACE, password: "p@ss/w:rd", status: "active", migrations: SQL },
  },
  {
    type: "tenantry:index:Migrations",
    name: "acme-migrations",
    inputs: {
      ...PLACE,
      secretName: "tenant-db-acme",
      status: "active",
      migrations: SQL,
      files: { "0001_app.sql": "sha" },
    },
  },
  { type: "tenantry:index:Settings", name: "acme-settings", inputs: { ...PLACE, settings: SETTINGS } },
  {
    type: "tenantry:index:Admin",
    name: "acme-admin",
    inputs: { ...PLACE, email: "admin@acme.example", host: "acme.local.tenantry.test" },
  },
  {
    type: "tenantry:index:Identity",
    name: "acme-identity",
    inputs: { ...PLACE, schemaVersion: 2, status: "active", seeds: SEEDS },
  },
  {
    type: "tenantry:index:FinalBackup",
    name: "acme-backup",
    inputs: { ...PLACE, status: "active", backupsUrl: "file:.tenantry/backups", migrations: SQL },
  },
];

const EDGE: Declared[] = [
  {
    type: "azure-native:cdn:AFDCustomDomain",
    name: "acme-domain",
    inputs: {
      resourceGroupName: "tenantry-local",
      profileName: "profile",
      customDomainName: "tenant-acme",
      hostName: "acme.local.tenantry.test",
      tlsSettings: { certificateType: "ManagedCertificate", minimumTlsVersion: "TLS12" },
    },
  },
  {
    type: "azure-native:cdn:Route",
    name: "acme-route",
    inputs: {
      resourceGroupName: "tenantry-local",
      profileName: "profile",
      endpointName: "endpoint",
      routeName: "tenant-acme",
      originGroup: { id: "/origin-group" },
      customDomains: [{ id: "acme-domain-id" }],
      patternsToMatch: ["/*"],
      supportedProtocols: ["Http", "Https"],
      forwardingProtocol: "MatchRequest",
      httpsRedirect: "Disabled",
      linkToDefaultDomain: "Disabled",
      enabledState: "Enabled",
    },
  },
  {
    type: "azure-native:dns:RecordSet",
    name: "acme-txt",
    inputs: {
      resourceGroupName: "tenantry-local",
      zoneName: "local.tenantry.test",
      ttl: 300,
      metadata: MARKER,
      relativeRecordSetName: "_dnsauth.acme",
      recordType: "TXT",
      txtRecords: [{ value: ["token"] }],
    },
  },
  {
    type: "azure-native:dns:RecordSet",
    name: "acme-cname",
    inputs: {
      resourceGroupName: "tenantry-local",
      zoneName: "local.tenantry.test",
      ttl: 300,
      metadata: MARKER,
      relativeRecordSetName: "acme",
      recordType: "CNAME",
      cnameRecord: { cname: "edge.azurefd.test" },
    },
  },
];

const REGISTRATION: Declared = {
  type: "tenantry:index:Registration",
  name: "acme-registration",
  inputs: {
    ...PLACE,
    displayName: "Acme Health",
    legalName: "Acme Health Incorporated",
    adminEmail: "admin@acme.example",
    plan: "trial",
    labels: { tier: "pilot" },
    settings: SETTINGS,
    status: "active",
    secretName: "tenant-db-acme",
    hosts: ["acme.local.tenantry.test"],
    invitationId: "invitation-id",
    edgeWaitMs: 1000,
  },
};

describe("TenantStack", () => {
  test("a password of a later number has keepers, so that a grown number replaces it", async () => {
    const inputsOf = async (rotation: number | undefined) =>
      (await declareAcme({ rotation })).find(({ name }) => name === "acme-password")?.inputs;
    expect(await inputsOf(0)).toEqual({ length: 32 });
    expect(await inputsOf(2)).toEqual({ length: 32, keepers: { rotation: "2" } });
    expect(await inputsOf(undefined)).toEqual({ length: 32 });
  });

  test("a customer's host has a domain of its own on the tenant's route, and nothing in the zone", async () => {
    const hosts = [...ACME.hosts, "portal.acme.example"];
    const before = await declareAcme();
    const after = await declareAcme({ tenant: { ...ACME, hosts, pathPrefix: "/t/acme" } });
    const names = (declared: readonly Declared[]) => declared.map(({ name }) => name);
    expect(names(after).filter((name) => !names(before).includes(name))).toEqual([
      "acme-domain-portal.acme.example",
    ]);
    const inputsOf = (name: string) => after.find((each) => each.name === name)?.inputs;
    expect(inputsOf("acme-domain-portal.acme.example")).toMatchObject({
      customDomainName: "tenant-acme--bf0b779d6701",
      hostName: "portal.acme.example",
    });
    expect(inputsOf("acme-route")).toMatchObject({
      customDomains: [{ id: "acme-domain-id" }, { id: "acme-domain-portal.acme.example-id" }],
    });
    expect(inputsOf("acme-record")).toMatchObject({ hosts, pathPrefix: "/t/acme" });
    expect(inputsOf("acme-registration")).toMatchObject({ hosts });
  });

  test("declares exactly these resources, in the order of a provisioning", async () => {
    const declared = await declareAcme();
    expect(declared.slice(2)).toEqual([...RESERVATION, ...DATA, ...EDGE, REGISTRATION]);
    expect(declared.slice(0, 2).map(({ type }) => type)).toEqual([
      "pulumi:providers:tenantry",
      "tenantry:index:TenantStack",
    ]);
  });

  test("hands the reason of a suspension to record and registration, and to nobody else", async () => {
    const tenant = { ...ACME, status: "suspended", suspendReason: "unpaid" } as const;
    const declared = await declareAcme({ tenant });
    const told = declared.filter(({ inputs }) => inputs.suspendReason === "unpaid");
    expect(told.map(({ name }) => name)).toEqual(["acme-record", "acme-registration"]);
  });
});
