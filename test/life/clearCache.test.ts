import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close, connect } from "../../src/postgres/index.ts";
import { type Environment, query, readEnvironment } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

describe.sequential("`tenantry clear-cache`", () => {
  let workspace: Workspace;
  let environment: Environment;
  let listener: Client;
  const heard: (string | undefined)[] = [];

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
    listener = await connect(environment.master.url, { applicationName: "listener" });
    listener.on("notification", ({ payload }) => heard.push(payload));
    await listener.query("LISTEN tenantry_cache");
  });
  afterAll(async () => {
    await close(listener);
    await workspace.dispose();
  });

  const record = async () =>
    (
      await query(
        environment.master.url,
        "SELECT id, cache_epoch::int AS epoch FROM identity.tenant WHERE slug = 'acme'",
      )
    )[0] as { id: string; epoch: number };

  test("raises the epoch, tells who listens, and leaves an audit row", async () => {
    const before = await record();
    const { code, stdout } = await workspace.tenantry(["clear-cache", "acme", "--json"]);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect({ code, details: last.details }).toEqual({ code: 0, details: { cacheEpoch: before.epoch + 1 } });
    expect(await record()).toEqual({ id: before.id, epoch: before.epoch + 1 });
    await expect.poll(() => heard).toEqual([before.id]);
    const audit = await query(
      environment.master.url,
      "SELECT details FROM identity.tenant_audit WHERE event_type = 'TENANT_CACHE_CLEARED'",
    );
    expect(audit).toEqual([{ details: { cacheEpoch: before.epoch + 1 } }]);
  });

  test("of a slug without a record is refused by name", async () => {
    const { code, stdout } = await workspace.tenantry(["clear-cache", "globex"]);
    expect(code).toBe(3);
    expect(stdout).toContain("E_ILLEGAL_TRANSITION: Tenant 'globex' has no record in master");
  });
});
