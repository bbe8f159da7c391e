import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { readFootprint } from "../support/footprint.ts";
import { type Environment, query } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const ENTRY = "tenants/acme.yaml";
const OTHER = "northwind-logistics";

describe.sequential("a legal hold", () => {
  let workspace: Workspace;
  let environment: Environment;
  let active: string;
  let other: object;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
    active = workspace.read(ENTRY);
    other = await readFootprint(environment, OTHER);
  });
  afterAll(() => workspace.dispose());

  const write = (fields: string) => workspace.write(ENTRY, active.replace("status: active\n", `${fields}\n`));
  const record = async () =>
    (await query(environment.master.url, "SELECT status, hold FROM identity.tenant WHERE slug = 'acme'"))[0];
  const holds = () =>
    query(
      environment.master.url,
      "SELECT event_type AS event FROM identity.tenant_audit WHERE slug = 'acme' AND event_type LIKE 'TENANT_H%' ORDER BY id",
    );

  test("is written into master and audited by `up`, and a second `up` changes nothing", async () => {
    write("status: active\nhold: true");
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(await record()).toEqual({ status: "active", hold: true });
    expect(await holds()).toEqual([{ event: "TENANT_HELD" }]);
    const again = await workspace.tenantry(["preview", "acme", "--exit-code", "--refresh"]);
    expect(again, again.stdout).toMatchObject({ code: 0 });
  });

  test("refuses `delete` before the entry is edited, and a delete written by hand already in the preview", async () => {
    const before = await readFootprint(environment, "acme");
    const text = workspace.read(ENTRY);
    const refused = await workspace.tenantry(["delete", "acme"]);
    expect(refused.stdout).toContain(
      "E_HOLD: Tenant 'acme' is under legal hold; expected 'hold: false' before a delete.",
    );
    expect(refused.code).toBe(3);
    expect(workspace.read(ENTRY)).toBe(text);
    write("status: deleted\nhold: true");
    for (const verb of ["preview", "up", "destroy"]) {
      const run = await workspace.tenantry([verb, "acme"]);
      expect(run.stdout, verb).toContain("E_HOLD");
      expect(run.code, verb).toBe(3);
    }
    expect(await readFootprint(environment, "acme")).toEqual(before);
  });

  test("that an environment's override lifts lets the delete through", async () => {
    const text = active.replace(
      "overrides:\n",
      "overrides:\n  local:\n    hold: false\n    status: deleted\n",
    );
    workspace.write(ENTRY, text.replace("status: active\n", "status: active\nhold: true\n"));
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(await record()).toEqual({ status: "deleted", hold: false });
    expect(await holds()).toEqual([{ event: "TENANT_HELD" }, { event: "TENANT_HOLD_LIFTED" }]);
  });

  test("on a deleted tenant refuses every purge: confirmed, before `up`, by the verb and by a bare destroy", async () => {
    write("status: deleted\nhold: true");
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    await query(
      environment.master.url,
      "UPDATE identity.tenant SET deleted_at = deleted_at - interval '31 days' WHERE slug = 'acme'",
    );
    const before = await readFootprint(environment, "acme");
    const text = workspace.read(ENTRY);
    for (const args of [
      ["destroy", "acme"],
      ["destroy", "acme", "--purge", "--confirm", "acme"],
    ]) {
      const run = await workspace.tenantry(args);
      expect(run.stdout).toContain(
        "E_HOLD: Tenant 'acme' is under legal hold; expected 'hold: false' before a purge.",
      );
      expect(run.code).toBe(3);
    }
    expect(workspace.read(ENTRY)).toBe(text);
    const none = await workspace.tenantry(["destroy", "--all"]);
    expect(none.stdout).toContain("no tenant may be purged");
    for (const program of ["true", "false"]) {
      const bare = ["pulumi", "--", "destroy", "-s", "local.acme", "--yes", "--skip-preview"];
      const run = await workspace.tenantry([...bare, `--run-program=${program}`]);
      expect(run.code, run.stdout).not.toBe(0);
    }
    write("status: deleted\npurge: acme\nhold: true");
    const confirmed = await workspace.tenantry(["up", "acme"]);
    expect(confirmed.stdout).toContain("E_HOLD");
    expect({ ...(await readFootprint(environment, "acme")), state: "" }).toEqual({ ...before, state: "" });
  });

  test("doesn't keep a tenant from being brought back", async () => {
    write("status: deleted\nhold: true");
    const back = await workspace.tenantry(["undelete", "acme"]);
    expect(back, back.stdout + back.stderr).toMatchObject({ code: 0 });
    expect(await record()).toEqual({ status: "active", hold: true });
    expect(workspace.read(ENTRY)).toContain("status: active\nhold: true\n");
  });

  test("has changed nothing of another tenant", async () => {
    expect(await readFootprint(environment, OTHER)).toEqual(other);
  });
});
