import { expect, test } from "vitest";
import { toIdentitySeeds } from "../../src/tenant/desiredIdentity.ts";
import { toDesiredTenant } from "../../src/tenant/desiredTenant.ts";
import type { TenantEntry } from "../../src/tenant/entry.ts";
import type { EnvironmentConfig } from "../../src/tenant/environmentConfig.ts";
import type { Plan } from "../../src/tenant/plan.ts";
import { parseStackFile } from "../../src/tenant/stackFile.ts";
import { parseYamlDocument } from "../../src/tenant/yamlDocument.ts";
import { stackFile } from "./project.ts";

const CONFIG = parseStackFile(parseYamlDocument(stackFile("local"), "s"), "local")
  .config as EnvironmentConfig;
const PLAN: Plan = { name: "trial", limits: { users: 5 }, settings: { model: "small", theme: "blue" } };
const ENTRY: TenantEntry = {
  slug: "north-wind",
  displayName: "North Wind",
  adminEmail: "a@b.example",
  hold: false,
  environments: ["local"],
  overrides: {},
  isolation: "database",
  status: "active",
  plan: "trial",
  server: "auto",
  region: "any",
  domains: [],
  settings: { theme: "red" },
  labels: { tier: "pilot" },
};

test("every name, size and setting is decided", () => {
  expect(toDesiredTenant(ENTRY, PLAN, CONFIG)).toEqual({
    slug: "north-wind",
    environment: "local",
    stack: "local.north-wind",
    displayName: "North Wind",
    adminEmail: "a@b.example",
    status: "active",
    isPurgeConfirmed: false,
    hold: false,
    plan: "trial",
    server: "auto",
    region: "any",
    isolation: "database",
    databaseName: "tenant_north_wind",
    roleName: "tenant_north_wind_owner",
    secretName: "tenant-db-north-wind",
    hosts: ["north-wind.local.tenantry.test"],
    settings: {
      maxTokens: { value: 100, source: "environment" },
      "limits.users": { value: 5, source: "plan" },
      model: { value: "small", source: "plan" },
      theme: { value: "red", source: "tenant" },
    },
    labels: { tier: "pilot" },
    retentionDays: 30,
    migrations: { kind: "sql", dir: "migrations/tenant" },
    identity: toIdentitySeeds({
      slug: "north-wind",
      product: "tenantry",
      hosts: ["north-wind.local.tenantry.test"],
      parent: { slug: "main" },
    }),
  });
});

test("a tenant may win over its plan's limit by the limit's setting", () => {
  const entry = { ...ENTRY, settings: { "limits.users": 7 } };
  expect(toDesiredTenant(entry, PLAN, CONFIG).settings["limits.users"]).toEqual({
    value: 7,
    source: "tenant",
  });
});

test("a plan's retention wins over the environment's", () => {
  expect(toDesiredTenant(ENTRY, { ...PLAN, retentionDays: 0 }, CONFIG).retentionDays).toBe(0);
});

test("the migration target is the entry's, else the plan's, else the environment's", () => {
  const plan = { ...PLAN, migrations: { target: "0002" } };
  const target = (entry: TenantEntry, of: Plan) => toDesiredTenant(entry, of, CONFIG).migrations.target;
  expect(target(ENTRY, PLAN)).toBeUndefined();
  expect(target(ENTRY, plan)).toBe("0002");
  expect(target({ ...ENTRY, migrations: { target: "0001" } }, plan)).toBe("0001");
});

test("an own database name names the role too", () => {
  const tenant = toDesiredTenant({ ...ENTRY, database: "fleet" }, PLAN, CONFIG);
  expect([tenant.databaseName, tenant.roleName, tenant.secretName]).toEqual([
    "fleet",
    "fleet_owner",
    "tenant-db-north-wind",
  ]);
});

test("the purge is confirmed by status and slug together", () => {
  expect(toDesiredTenant({ ...ENTRY, status: "deleted" }, PLAN, CONFIG).isPurgeConfirmed).toBe(false);
  const confirmed = { ...ENTRY, status: "deleted", purge: "north-wind" } as const;
  expect(toDesiredTenant(confirmed, PLAN, CONFIG).isPurgeConfirmed).toBe(true);
  expect(toDesiredTenant(confirmed, PLAN, CONFIG)).not.toHaveProperty("purge");
});
