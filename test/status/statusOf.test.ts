import { describe, expect, test } from "vitest";
import { statusOf, type TenantObservation } from "../../src/status/index.ts";

const NAMES = {
  slug: "acme",
  databaseName: "tenant_acme",
  secretName: "tenant-db-acme",
  host: "acme.tenantry.test",
  domains: [],
  inheritedSettings: { model: "small" },
};
const RECORD = {
  id: "11111111-1111-4111-8111-111111111111",
  slug: "acme",
  status: "active",
  server: "db-01",
  statusCode: null,
  statusReason: null,
};

function observation(changes: Partial<TenantObservation> = {}): TenantObservation {
  return {
    names: NAMES,
    record: RECORD as TenantObservation["record"],
    organizationId: RECORD.id,
    database: {
      isProvisioned: true,
      isHealthy: true,
      lastMigration: "0002",
      hasAdmin: true,
      adminEmail: "a@acme.example",
      settings: { model: "small", own: 1 },
    },
    hasSecret: true,
    cname: "x.z01.azurefd.net",
    probe: { isAnswered: true, statusCode: 200, body: '{"slug":"acme"}' },
    domains: [],
    problems: [],
    ...changes,
  };
}

describe("a tenant's status", () => {
  test("of a complete tenant says so in every part", () => {
    expect(statusOf(observation())).toEqual({
      id: RECORD.id,
      slug: "acme",
      status: "active",
      database: {
        provisioned: true,
        healthy: true,
        name: "tenant_acme",
        server: "db-01",
        lastMigration: "0002",
      },
      secret: { name: "tenant-db-acme", exists: true },
      dns: { host: "acme.tenantry.test", resolves: true },
      cdn: { host: "acme.tenantry.test", serving: true },
      domains: [],
      admin: { email: "a@acme.example", seeded: true },
      organization: { created: true, id: RECORD.id },
      settings: { inherited: true },
      lastError: null,
    });
  });

  test("tells of each of the customer's hosts how far it is, and what its name servers must still answer", () => {
    const answered = { isAnswered: true, statusCode: 200, body: '{"slug":"acme"}' } as const;
    const away = { isAnswered: false, reason: "x" } as const;
    const domains = [
      { host: "a.example", validationState: "Approved", validationToken: "t1", probe: answered },
      { host: "b.example", validationState: "Pending", validationToken: "t2", probe: away },
      { host: "c.example", validationState: undefined, validationToken: "", probe: away },
    ];
    const told = statusOf(observation({ domains, endpointHost: "x.azurefd.net" }));
    expect([told.domains, told.domainRecords]).toEqual([
      [
        { host: "a.example", validation: "Approved", serving: true },
        { host: "b.example", validation: "Pending", serving: false },
        { host: "c.example", validation: "None", serving: false },
      ],
      [
        { type: "TXT", name: "_dnsauth.b.example", value: "t2" },
        { type: "CNAME", name: "b.example", value: "x.azurefd.net" },
        { type: "CNAME", name: "c.example", value: "x.azurefd.net" },
      ],
    ]);
  });

  test("is serving only when the CDN reached this tenant", () => {
    const another = { isAnswered: true, statusCode: 200, body: '{"slug":"other"}' } as const;
    const noJson = { isAnswered: true, statusCode: 200, body: "<html>" } as const;
    const refused = { isAnswered: true, statusCode: 404, body: '{"slug":"acme"}' } as const;
    for (const probe of [another, noJson, refused, { isAnswered: false, reason: "x" } as const]) {
      expect(statusOf(observation({ probe })).cdn.serving).toBe(false);
    }
  });

  test("has not inherited when one inherited setting differs in the database", () => {
    const database = { ...observation().database, settings: { model: "large" } };
    expect(statusOf(observation({ database })).settings.inherited).toBe(false);
  });

  test("tells why a provisioning failed", () => {
    const record = {
      ...RECORD,
      status: "provisioning_failed",
      statusCode: "E_MIGRATIONS_FAILED",
      statusReason: "0003: boom",
    };
    expect(statusOf(observation({ record: record as TenantObservation["record"] })).lastError).toEqual({
      code: "E_MIGRATIONS_FAILED",
      message: "0003: boom",
    });
  });

  test("tells what could not be asked", () => {
    expect(statusOf(observation({ problems: ["dns: no answer"] })).lastError).toEqual({
      code: "E_UNREACHABLE",
      message: "dns: no answer",
    });
  });

  test("tells what it was not allowed to ask", () => {
    const problem =
      "secret: Key Vault https://v.vault.azure.net: HTTP 403, Caller is not authorized to perform action on resource. If role assignments, … Caller: name=previewer;appid=a;oid=o;iss=i Action: 'get' Resource: '/x' Assignment: (not found)";
    const words = "secret: identity 'previewer' (object id 'o') is not allowed to perform 'get' on '/x'.";
    expect(statusOf(observation({ problems: [problem] })).lastError).toEqual({
      code: "PROVISIONING_UNAVAILABLE",
      message: words,
    });
    expect(statusOf(observation({ problems: ["dns: no answer", problem] })).lastError).toEqual({
      code: "E_UNREACHABLE",
      message: `dns: no answer; ${words}`,
    });
  });
});
