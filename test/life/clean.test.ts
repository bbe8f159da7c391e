import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { type Environment, query, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

describe.sequential("`tenantry clean`", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let url: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    const globex =
      "displayName: Globex\nadminEmail: admin@globex.example\nenvironments: [local]\nserver: db-01\n";
    workspace.write("tenants/globex.yaml", globex);
    await run(["up", "--platform", "acme", "globex"]);
    cloud = await enterCloud(workspace);
    url = await tenantUrl(cloud, "acme");
  });
  afterAll(() => workspace.dispose());

  const run = async (argv: readonly string[], env: Record<string, string> = {}) => {
    const result = await workspace.tenantry(argv, env);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result;
  };
  const fill = () =>
    query(
      url,
      `INSERT INTO app.practitioner (full_name, speciality, license_no) VALUES ('Dr A', 'GP', gen_random_uuid()::text);
       UPDATE reporting.dashboard SET title = 'Changed'; CREATE TABLE IF NOT EXISTS app.own (id int);
       INSERT INTO tenantry.setting VALUES ('planted', '1', 'tenant') ON CONFLICT DO NOTHING`,
    );
  const facts = async () =>
    (
      await query(
        url,
        `SELECT (SELECT count(*)::int FROM app.practitioner) AS practitioners, to_regclass('app.own') AS own,
                (SELECT title FROM reporting.dashboard) AS dashboard, (SELECT email FROM tenantry.admin) AS admin,
                (SELECT count(*)::int FROM tenantry.setting WHERE key = 'planted') AS planted`,
      )
    )[0];
  const invitations = () =>
    query(
      cloud.master.url,
      `SELECT count(*)::int AS live FROM identity.outbox o JOIN identity.tenant t ON t.id = o.tenant_id
        WHERE slug = 'acme' AND revoked_at IS NULL AND released_at IS NOT NULL`,
    );
  const identity = () =>
    query(
      cloud.master.url,
      "SELECT id, database_name, role_name, secret_name, server FROM identity.tenant WHERE slug = 'acme'",
    );
  const NEW = { practitioners: 0, own: null, dashboard: "Front desk", planted: 0 };

  test("without the slug once more is refused, and nothing is touched", async () => {
    await fill();
    for (const argv of [["acme"], ["acme", "--confirm", "globex"]]) {
      const { code, stdout } = await workspace.tenantry(["clean", ...argv]);
      expect(code).toBe(3);
      expect(stdout).toContain("E_CONFIRM: `clean acme`: expected `--confirm acme`");
    }
    expect(await facts()).toMatchObject({ practitioners: 1, own: "app.own" });
  });

  test("the database is as on its first day, under the same name, role, password and secret", async () => {
    const before = await readCloudContents(cloud);
    const record = await identity();
    const [first] = await query(url, "SELECT id FROM tenantry.admin");
    await run(["clean", "acme", "--confirm", "acme"]);
    // The same URL logs in: password and secret are the ones of before.
    expect(await tenantUrl(cloud, "acme")).toBe(url);
    expect(await facts()).toMatchObject(NEW);
    const [second] = await query(url, "SELECT id FROM tenantry.admin");
    expect(second).not.toEqual(first);
    expect(await invitations()).toEqual([{ live: 1 }]);
    expect(await identity()).toEqual(record);
    expect(await readCloudContents(cloud)).toEqual(before);
    const audit = await query(
      cloud.master.url,
      "SELECT slug FROM identity.tenant_audit WHERE event_type = 'TENANT_CLEANED'",
    );
    expect(audit).toEqual([{ slug: "acme" }]);
  });

  test("afterwards a preview has nothing to do, also one that looks at everything", async () => {
    expect((await workspace.tenantry(["preview", "acme", "--exit-code"])).code).toBe(0);
    const refreshed = await workspace.tenantry(["preview", "acme", "--refresh", "--exit-code"]);
    expect(refreshed, refreshed.stdout).toMatchObject({ code: 0 });
  });

  test.each(["clean:made", "clean:ready", "clean:switched", "clean:applied"])(
    "killed at %s it is finished by the same again, and leaves no other database",
    async (point) => {
      await fill();
      const killed = await workspace.tenantry(["clean", "acme", "--confirm", "acme"], {
        TENANTRY_KILL_AT: point,
      });
      expect(killed.signal, killed.stdout).toBe("SIGKILL");
      await run(["clean", "acme", "--confirm", "acme"]);
      expect(await facts()).toMatchObject(NEW);
      const { databases } = await readCloudContents(cloud);
      expect(databases.filter((name) => /tenantry_(new|check|restore|old)_/.test(name))).toEqual([]);
      expect(await query(cloud.master.url, "SELECT * FROM identity.kept_database")).toEqual([]);
    },
  );

  test("a tenant under legal hold is not cleaned", async () => {
    await fill();
    await query(cloud.master.url, "UPDATE identity.tenant SET hold = true WHERE slug = 'acme'");
    const { code, stdout } = await workspace.tenantry(["clean", "acme", "--confirm", "acme"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining("E_HOLD: Tenant 'acme'") });
    expect(await facts()).toMatchObject({ practitioners: 1 });
    await query(cloud.master.url, "UPDATE identity.tenant SET hold = false WHERE slug = 'acme'");
  });
});
