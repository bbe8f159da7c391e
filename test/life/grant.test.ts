import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, query, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

describe.sequential("`tenantry grant`", () => {
  let workspace: Workspace;
  let cloud: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme", "northwind-logistics"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    cloud = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  async function grant(...args: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await workspace.tenantry(["grant", ...args, "--json"]);
    expect(code, stdout + stderr).toBe(0);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "").details;
  }
  const operators = async (slug: string) =>
    query(await tenantUrl(cloud, slug), "SELECT email, role FROM tenantry.operator ORDER BY 1");
  const audit = () =>
    query(
      cloud.master.url,
      "SELECT slug, event_type AS event, details FROM identity.tenant_audit WHERE event_type LIKE 'TENANT_OPERATOR%' ORDER BY id",
    );
  const me = { operator: "me@example.com", role: "TenantManagement" };

  test("lets an operator in, once, with a row in master, in the tenant's database and in the audit", async () => {
    expect(await grant("acme", "--operator", "me@example.com")).toEqual({
      hasChanged: true,
      operators: [me],
    });
    expect(await grant("acme", "--operator", "me@example.com")).toEqual({
      hasChanged: false,
      operators: [me],
    });
    expect(await operators("acme")).toEqual([{ email: "me@example.com", role: "TenantManagement" }]);
    expect(await operators("northwind-logistics")).toEqual([]);
    expect(await audit()).toEqual([{ slug: "acme", event: "TENANT_OPERATOR_GRANTED", details: me }]);
  });

  test("killed between master and the tenant's database, the next run lets in, and the audit has one row", async () => {
    const args = ["grant", "acme", "--operator", "you@example.com", "--role", "DashboardViewer"];
    const killed = await workspace.tenantry(args, { TENANTRY_KILL_AT: "grant:recorded" });
    expect(killed.signal).toBe("SIGKILL");
    expect(await operators("acme")).toHaveLength(1);
    expect(await grant(...args.slice(1))).toMatchObject({ hasChanged: true });
    expect(await operators("acme")).toContainEqual({ email: "you@example.com", role: "DashboardViewer" });
    expect(await audit()).toHaveLength(2);
  });

  test("makes a database that was brought back from before know everybody whom master knows", async () => {
    await query(
      await tenantUrl(cloud, "acme"),
      "DELETE FROM tenantry.operator; INSERT INTO tenantry.operator VALUES ('old@example.com', 'DashboardViewer')",
    );
    await grant("acme", "--operator", "me@example.com");
    expect((await operators("acme")).map(({ email }) => email)).toEqual([
      "me@example.com",
      "you@example.com",
    ]);
  });

  test("takes it back", async () => {
    expect(await grant("acme", "--operator", "me@example.com", "--revoke")).toMatchObject({
      hasChanged: true,
    });
    expect(await operators("acme")).toEqual([{ email: "you@example.com", role: "DashboardViewer" }]);
    expect((await audit()).at(-1)).toEqual({
      slug: "acme",
      event: "TENANT_OPERATOR_REVOKED",
      details: { operator: "me@example.com" },
    });
  });

  test.each([
    ["no operator", ["acme"], "--operator"],
    ["a role that isn't one", ["acme", "--operator", "me@example.com", "--role", "Boss"], "DashboardViewer"],
  ])("refuses %s before anything is touched", async (_, args, words) => {
    const { code, stderr } = await workspace.tenantry(["grant", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});
