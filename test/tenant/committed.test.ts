import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { CODES, exitCodeOf, httpStatusOf, isErrorCode } from "../../src/tenant/errors.ts";
import { jsonSchemas } from "../../src/tenant/jsonSchema.ts";
import { loadWorkspace } from "../../src/tenant/load.ts";
import { readMigrationFiles } from "../../src/tenant/migrationFiles.ts";
import { formatProblem } from "../../src/tenant/problems.ts";
import { reviewEnvironment, selectTenants } from "../../src/tenant/select.ts";

const ROOT = resolve(import.meta.dirname, "../..");

test("the editors' schemas are the validators' (else: `npm run schema`)", () => {
  for (const [path, text] of Object.entries(jsonSchemas())) {
    expect(readFileSync(resolve(ROOT, path), "utf8"), path).toBe(text);
  }
});

test("the committed entries, plans and environment `local` hold", () => {
  const { tenants, warnings } = selectTenants(loadWorkspace(ROOT), "local", { kind: "all" });
  expect(warnings).toEqual([]);
  expect(tenants.map(({ slug, plan, databaseName }) => [slug, plan, databaseName])).toEqual([
    ["acme", "trial", "tenant_acme"],
    ["brightsmile-dental", "standard", "tenant_brightsmile_dental"],
    ["northwind-logistics", "enterprise", "northwind_fleet"],
  ]);
});

test("`prod` lacks only what Azure makes", () => {
  const prod = loadWorkspace(ROOT).environments.find(({ name }) => name === "prod");
  expect(prod?.problems.map(({ path }) => path.join("."))).toEqual([
    "subscriptionId",
    "azureTenantId",
    "secretsprovider",
    "encryptedkey",
  ]);
  for (const problem of prod?.problems ?? []) expect(formatProblem(problem)).toMatch(/\(`(az|pulumi) .+`/);
});

test("the committed entries would hold in `prod` with Azure's part filled in", () => {
  const workspace = loadWorkspace(ROOT);
  const [local, prod] = ["local", "prod"].map((name) =>
    workspace.environments.find((each) => each.name === name),
  );
  expect([local?.name, prod?.name]).toEqual(["local", "prod"]);
  const config = local?.config;
  if (config === undefined) throw new Error("no local config");
  const entries = workspace.entries.map((loaded) => ({
    ...loaded,
    entry: loaded.entry && { ...loaded.entry, environments: ["prod"] },
  }));
  const servers = config.servers.map((server, index) => ({
    ...server,
    name: `tenantry-prod-db-0${index + 1}`,
  }));
  const review = reviewEnvironment({ ...workspace, entries }, { ...config, environment: "prod", servers });
  expect(review.problems.map(formatProblem)).toEqual([]);
  expect(review.candidates.map(({ tenant }) => [tenant.slug, tenant.plan, tenant.server])).toEqual([
    ["acme", "standard", "tenantry-prod-db-02"],
    ["brightsmile-dental", "standard", "auto"],
    ["northwind-logistics", "enterprise", "tenantry-prod-db-02"],
  ]);
});

test("the committed migrations are readable", () => {
  expect(readMigrationFiles(ROOT, "migrations/master").length).toBeGreaterThan(0);
});

test("codes end processes and requests as documented", () => {
  expect(Object.keys(CODES)).toHaveLength(29);
  expect([exitCodeOf("E_INVALID_SLUG"), httpStatusOf("E_INVALID_SLUG")]).toEqual([2, 400]);
  expect([exitCodeOf("E_EDGE_PENDING"), httpStatusOf("E_EDGE_PENDING")]).toEqual([4, 202]);
  expect([exitCodeOf("E_LOCKED"), httpStatusOf("E_LOCKED")]).toEqual([5, 409]);
  expect([isErrorCode("E_LOCKED"), isErrorCode("constructor"), isErrorCode("E_OTHER")]).toEqual([
    true,
    false,
    false,
  ]);
});
