import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const entry = (...lines: string[]) =>
  ["displayName: Below", "adminEmail: admin@below.example", "environments: [local]", ...lines, ""].join("\n");

describe.sequential("`parent` and `identity` of an entry", () => {
  let workspace: Workspace;
  let cloud: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.write("tenants/above.yaml", entry().replace("Below", "Above"));
    workspace.write("tenants/aaa-below.yaml", entry("parent: above"));
    // The child comes first by its name, the parent by its place.
    await tenantry("up", "--platform", "aaa-below", "above");
    cloud = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  async function tenantry(...args: string[]): Promise<string> {
    const done = await workspace.tenantry(args);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    return done.stdout;
  }
  const parents = () =>
    query(
      cloud.master.url,
      `SELECT o.slug, p.slug AS parent FROM identity.organization o LEFT JOIN identity.organization p ON p.id = o.parent_id ORDER BY 1`,
    );
  const providers = async (slug: string) =>
    query(
      await tenantUrl(cloud, slug),
      "SELECT name, kind, is_enabled AS enabled, config FROM tenantry.identity_provider ORDER BY 1",
    );

  test("make an organization below the parent's, and people of the parent sign in there", async () => {
    expect(await parents()).toEqual([
      { slug: "aaa-below", parent: "above" },
      { slug: "above", parent: "main" },
      { slug: "main", parent: null },
    ]);
    expect(await providers("aaa-below")).toEqual([
      {
        name: "parent",
        kind: "parent",
        enabled: true,
        config: { parent: "above", issuer: "https://above.local.tenantry.test" },
      },
    ]);
  });

  test("follow the entry: another parent is another organization above, told in the audit", async () => {
    workspace.write("tenants/aaa-below.yaml", entry());
    await tenantry("up", "aaa-below");
    expect(await parents()).toContainEqual({ slug: "aaa-below", parent: "main" });
    expect(await providers("aaa-below")).toMatchObject([{ config: { parent: "main" } }]);
    const audit =
      "SELECT details FROM identity.tenant_audit WHERE event_type = 'TENANT_UPDATED' ORDER BY id DESC LIMIT 1";
    expect(await query(cloud.master.url, audit)).toEqual([
      { details: { changes: { parent: { old: "above", new: null } } } },
    ]);
    workspace.write("tenants/aaa-below.yaml", entry("parent: above"));
    await tenantry("up", "aaa-below");
    expect(await tenantry("up", "aaa-below", "--refresh")).toContain("no changes");
  });

  test("make providers and groups, warn of a secret that nobody wrote, and take them away again", async () => {
    const before = await providers("above");
    const lines = [
      "identity:",
      "  providers:",
      "    - { name: corporate, kind: oidc, issuer: 'https://login.example', clientId: c1, clientSecretRef: below-corporate }",
      "  groups: { Operators: [DashboardViewer, ReportingViewer] }",
    ];
    workspace.write("tenants/aaa-below.yaml", entry("parent: above", ...lines));
    expect(await tenantry("up", "aaa-below")).toContain("has no secret 'below-corporate'");
    expect(await providers("aaa-below")).toContainEqual({
      name: "corporate",
      kind: "oidc",
      enabled: true,
      config: { issuer: "https://login.example", clientId: "c1", clientSecretRef: "below-corporate" },
    });
    const roles = `SELECT g.name, array_agg(r.seed_key ORDER BY r.seed_key) AS roles FROM tenantry.user_group g
      JOIN tenantry.group_role m ON m.group_id = g.id JOIN tenantry.role r ON r.id = m.role_id
      WHERE g.name = 'Operators' GROUP BY 1`;
    expect(await query(await tenantUrl(cloud, "aaa-below"), roles)).toEqual([
      { name: "Operators", roles: ["DashboardViewer", "ReportingViewer"] },
    ]);
    await secretClient(cloud, cloud.keyVault.url).setSecret("below-corporate", "x");
    workspace.write("tenants/aaa-below.yaml", entry("parent: above"));
    await tenantry("up", "aaa-below");
    expect((await providers("aaa-below")).map(({ name }) => name)).toEqual(["parent"]);
    expect(await query(await tenantUrl(cloud, "aaa-below"), roles)).toEqual([]);
    expect(await providers("above")).toEqual(before);
  });

  test("of a parent that was never up are refused by name, and the next run goes on", async () => {
    workspace.write("tenants/later.yaml", entry());
    workspace.write("tenants/early.yaml", entry("parent: later"));
    const { code, stdout } = await workspace.tenantry(["up", "early"]);
    expect(code).toBe(3);
    expect(stdout).toContain("E_ILLEGAL_TRANSITION: Tenant 'early': its parent 'later' isn't registered yet");
    await tenantry("up", "early", "later");
    expect(await parents()).toContainEqual({ slug: "early", parent: "later" });
  });
});
