import { expect, test } from "vitest";
import { explainTenant } from "../../src/tenant/explain.ts";
import { configOf, selectTenants } from "../../src/tenant/index.ts";
import { loadWorkspace } from "../../src/tenant/load.ts";
import { BASE_FILES, entryText, projectWith } from "./project.ts";

test("every layer of a setting is told with its place, the deciding one last, and what decides each name", () => {
  const entry = entryText("overrides:", "  local: { settings: { model: large } }");
  const root = projectWith({ ...BASE_FILES, "tenants/acme.yaml": entry });
  const workspace = loadWorkspace(root);
  const { tenants } = selectTenants(workspace, "local", { kind: "all" });
  const { settings, facts } = explainTenant({
    tenant: tenants[0]!,
    entry: workspace.entries[0]!.entry!,
    entrySource: workspace.entries[0]!.source,
    plan: workspace.plans[0]!.plan!,
    planSource: workspace.plans[0]!.source,
    config: configOf(workspace, "local"),
    configSource: workspace.environments[0]!.source,
  });
  const placed = ({ file, line }: { file: string; line?: number }) => `${file}:${line}`;
  const model = settings.find(({ key }) => key === "model");
  expect(model?.value).toBe("large");
  expect(model?.layers.map(({ source, value, place }) => [source, value, placed(place)])).toEqual([
    ["environment", "tiny", "stacks/Pulumi.local.yaml:19"],
    ["plan", "small", "plans/trial.yaml:2"],
    ["tenant", "large", "tenants/acme.yaml:5"],
  ]);
  for (const { key, layers, value } of settings) expect(layers.at(-1)?.value, key).toEqual(value);
  expect(facts.find(({ name }) => name === "secret")).toEqual({
    name: "secret",
    value: "tenant-db-acme",
    from: "from the slug",
  });
});
