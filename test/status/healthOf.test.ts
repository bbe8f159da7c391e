import { describe, expect, test } from "vitest";
import { healthOf, type TenantStatus } from "../../src/status/index.ts";

const HEALTHY: TenantStatus = {
  id: "11111111-1111-4111-8111-111111111111",
  slug: "acme",
  status: "active",
  database: { provisioned: true, healthy: true, name: "tenant_acme", server: "db-01", lastMigration: "0002" },
  secret: { name: "tenant-db-acme", exists: true },
  dns: { host: "acme.tenantry.test", resolves: true },
  cdn: { host: "acme.tenantry.test", serving: true },
  domains: [],
  admin: { email: "a@acme.example", seeded: true },
  organization: { created: true, id: "11111111-1111-4111-8111-111111111111" },
  settings: { inherited: true },
  lastError: null,
};
const SHUT = { ...HEALTHY.cdn, serving: false };
const GONE: TenantStatus = {
  ...HEALTHY,
  id: null,
  status: "none",
  database: { ...HEALTHY.database, provisioned: false, healthy: false },
  secret: { ...HEALTHY.secret, exists: false },
};

describe("a tenant's health", () => {
  test.each([
    ["an active one that is served", HEALTHY, "active"],
    ["a suspended one that is shut", { ...HEALTHY, status: "suspended", cdn: SHUT }, "suspended"],
    ["a deleted one whose data wait", { ...HEALTHY, status: "deleted", cdn: SHUT }, "deleted"],
    ["one that is gone as its entry wants", GONE, "deleted"],
  ] as const)("%s is well", (_, status, wanted) => {
    expect(healthOf(status, wanted)).toEqual({
      slug: "acme",
      status: status.status,
      isHealthy: true,
      problems: [],
    });
  });

  test.each([
    [
      "a lost database",
      { ...HEALTHY, database: { ...HEALTHY.database, provisioned: false, healthy: false } },
      "active",
      ["database: 'tenant_acme' is not there"],
    ],
    [
      "a silent database",
      { ...HEALTHY, database: { ...HEALTHY.database, healthy: false } },
      "active",
      ["database: 'tenant_acme' doesn't answer"],
    ],
    [
      "a lost secret and record set",
      { ...HEALTHY, secret: { ...HEALTHY.secret, exists: false }, dns: { ...HEALTHY.dns, resolves: false } },
      "active",
      ["secret: 'tenant-db-acme' is not there", "dns: 'acme.tenantry.test' doesn't resolve"],
    ],
    [
      "an active one that isn't served",
      { ...HEALTHY, cdn: SHUT },
      "active",
      ["cdn: 'acme.tenantry.test' isn't served"],
    ],
    [
      "a suspended one that is served",
      { ...HEALTHY, status: "suspended" },
      "suspended",
      ["cdn: 'acme.tenantry.test' is served all the same"],
    ],
    ["an entry that wasn't applied", HEALTHY, "suspended", ["status: 'active', the entry says 'suspended'"]],
    ["one that isn't there", GONE, "active", ["status: 'none', the entry says 'active'"]],
    [
      "a failed first run",
      {
        ...GONE,
        status: "provisioning_failed",
        lastError: { code: "E_MIGRATIONS_FAILED", message: "0003 failed" },
      },
      "active",
      ["status: 'provisioning_failed', the entry says 'active' (E_MIGRATIONS_FAILED: 0003 failed)"],
    ],
    [
      "a part that can't be asked",
      { ...HEALTHY, lastError: { code: "E_UNREACHABLE", message: "dns: no answer" } },
      "active",
      ["asked: E_UNREACHABLE: dns: no answer"],
    ],
    [
      "a half purged one",
      { ...GONE, status: "purging" },
      "deleted",
      ["status: 'purging', the entry says 'deleted'"],
    ],
  ] as const)("%s isn't", (_, status, wanted, problems) => {
    const found = healthOf(status as TenantStatus, wanted);
    expect(found.problems.map(({ part, message }) => `${part}: ${message}`)).toEqual(problems);
    expect(found.isHealthy).toBe(false);
  });
});
