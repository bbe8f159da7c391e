import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close, connect } from "../../src/postgres/index.ts";
import { enterCloud, readTenantDatabase } from "../support/cloudContents.ts";
import { type Environment, loginRefusal, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** Two tenants, of which only the first is rotated. */
const SLUGS = ["acme", "northwind-logistics"] as const;

describe.sequential("`tenantry rotate`", () => {
  let workspace: Workspace;
  let environment: Environment;
  let session: Client;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", ...SLUGS]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(async () => {
    await close(session);
    await workspace.dispose();
  });

  const versions = async (slug: string) => {
    const found: string[] = [];
    const client = secretClient(environment, environment.keyVault.url);
    for await (const { version } of client.listPropertiesOfSecretVersions(`tenant-db-${slug}`))
      found.push(version ?? "");
    return found.sort();
  };
  const rotationOf = async (slug: string) =>
    (
      await query(
        environment.master.url,
        "SELECT rotation, rotated, cache_epoch::int AS epoch FROM identity.tenant WHERE slug = $1",
        [slug],
      )
    )[0] as { rotation: number; rotated: number; epoch: number };
  const rotate = async (env: Record<string, string> = {}) => {
    const { code, signal, stdout, stderr } = await workspace.tenantry(["rotate", "acme", "--json"], env);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) || "{}");
    return { code, signal, stdout, stderr, details: last.details };
  };
  /** Nothing to do, whichever way one asks. */
  const expectNoDiff = async () => {
    const preview = await workspace.tenantry(["preview", "acme", "--exit-code", "--refresh"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up.stdout).toContain("no changes");
  };

  test("gives the role a password that only the vault's new version knows; open sessions live on (F40)", async () => {
    const before = { url: await tenantUrl(environment, "acme"), epoch: (await rotationOf("acme")).epoch };
    const others = { url: await tenantUrl(environment, SLUGS[1]), row: await rotationOf(SLUGS[1]) };
    session = await connect(before.url, { applicationName: "open before" });
    const rotated = await rotate();
    expect(rotated, rotated.stdout + rotated.stderr).toMatchObject({
      code: 0,
      details: { rotation: 1, isProven: true },
    });
    expect((await session.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(await loginRefusal(before.url)).toBe("28P01");
    expect(await versions("acme")).toHaveLength(2);
    expect(await readTenantDatabase(environment, "acme")).toMatchObject({ owner: "tenant_acme_owner" });
    expect(await rotationOf("acme")).toEqual({ rotation: 1, rotated: 1, epoch: before.epoch + 1 });
    const password = decodeURIComponent(new URL(await tenantUrl(environment, "acme")).password);
    expect(rotated.stdout + rotated.stderr).not.toContain(password);
    expect({ url: await tenantUrl(environment, SLUGS[1]), row: await rotationOf(SLUGS[1]) }).toEqual(others);
    await expectNoDiff();
  });

  test("leaves state that a bare engine refreshes, previews and applies without a difference", async () => {
    for (const words of [
      ["refresh", "--yes", "--skip-preview", "--expect-no-changes"],
      ["preview", "--expect-no-changes"],
      ["up", "--yes", "--skip-preview", "--expect-no-changes"],
    ]) {
      const run = await workspace.tenantry(["pulumi", "--", ...words, "-s", "local.acme"]);
      expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
    }
    expect(await versions("acme")).toHaveLength(2);
  });

  test("cut off anywhere goes on with the same number, and the vault's value logs in (F1, F40)", async () => {
    const points = [
      "rotate:begun",
      "provider:VaultSecret:put",
      "provider:Database:role",
      "provider:Database:grants",
      "rotate:applied",
    ];
    for (const [index, point] of points.entries()) {
      const cut = await rotate({ TENANTRY_KILL_AT: point });
      expect({ point, signal: cut.signal }).toEqual({ point, signal: "SIGKILL" });
      const again = await rotate();
      expect(again, point + again.stdout + again.stderr).toMatchObject({
        code: 0,
        details: { rotation: index + 2, isProven: true },
      });
      expect(await rotationOf("acme")).toMatchObject({ rotation: index + 2, rotated: index + 2 });
    }
    expect(await versions("acme")).toHaveLength(2 + points.length);
    await expectNoDiff();
    const audit = await query(
      environment.master.url,
      "SELECT count(*)::int AS rows FROM identity.tenant_audit WHERE event_type = 'TENANT_ROTATED'",
    );
    expect(audit).toEqual([{ rows: 1 + points.length }]);
  });

  test("of a slug without a record, and of an entry that says otherwise, is refused by name", async () => {
    const unknown = await workspace.tenantry(["rotate", "brightsmile-dental"]);
    expect(unknown.code).toBe(3);
    expect(unknown.stdout).toContain(
      "E_ILLEGAL_TRANSITION: Tenant 'brightsmile-dental' has no record in master",
    );
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted"));
    const refused = await rotate();
    workspace.write("tenants/acme.yaml", entry);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain("tenants/acme.yaml says 'deleted'");
    expect(await rotationOf("acme")).toMatchObject({ rotation: 6, rotated: 6 });
  });

  test("leaves a tenant that can be deleted and purged", async () => {
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted"));
    const deleted = await workspace.tenantry(["up", "acme"]);
    expect(deleted, deleted.stdout + deleted.stderr).toMatchObject({ code: 0 });
    const purged = await workspace.tenantry(["destroy", "acme", "--purge", "--confirm", "acme"]);
    expect(purged, purged.stdout + purged.stderr).toMatchObject({ code: 0 });
    expect((await workspace.tenantry(["preview", SLUGS[1], "--exit-code"])).code).toBe(0);
  });
});
