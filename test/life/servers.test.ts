import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, loginRefusal, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const CONFIG = "stacks/Pulumi.local.yaml";

describe.sequential("servers of an environment", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  const run = async (...args: string[]) => {
    const done = await workspace.tenantry(args);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    return done.stdout;
  };
  const listed = async () => JSON.parse(await run("servers", "list", "--json"));
  const adminUrl = async () =>
    (await secretClient(environment, environment.platformVault.url).getSecret("server-db-01-admin")).value ??
    "";
  const events = async () =>
    (await query(
      environment.master.url,
      "SELECT event_type AS event, details FROM identity.tenant_audit WHERE slug = 'platform' ORDER BY id",
    )) as object[];
  const expectNoDiff = () => run("preview", "--platform", "acme", "--exit-code", "--refresh");

  test("`servers list` says how full each is in tenants and connections", async () => {
    const [first, second] = await listed();
    expect(first).toMatchObject({
      ...{ name: "db-01", status: "active", region: "westeurope" },
      tenants: { placed: 1, capacity: 200 },
      connections: { reserved: 1, planned: 100 },
    });
    expect(first.connections.inUse).toBeGreaterThan(0);
    expect(second).toMatchObject({ name: "db-02", tenants: { placed: 0, capacity: 200 } });
    expect(await run("servers", "list")).toMatch(/db-01\s+active\s+westeurope\s+1\/200\s+1\/100/);
  });

  test("`servers drain` and `set` edit the config, comments kept, and apply it; the same again changes nothing", async () => {
    const text = workspace.read(CONFIG);
    await run("servers", "drain", "db-02");
    await run("servers", "set", "db-01", "--capacity-hint", "3", "--max-connections", "90");
    expect(workspace.read(CONFIG)).toBe(
      text
        .replace(/(db-02[\s\S]*?)status: active/, "$1status: draining")
        .replace("capacityHint: 200", "capacityHint: 3")
        .replace("maxConnections: 100", "maxConnections: 90"),
    );
    expect(await listed()).toMatchObject([
      { tenants: { placed: 1, capacity: 3 }, connections: { planned: 90 } },
      { status: "draining" },
    ]);
    expect(await run("servers", "drain", "db-02")).toContain("no changes");
    expect(await events()).toMatchObject([
      { event: "SERVER_CHANGED", details: { server: "db-02", status: "draining" } },
      { event: "SERVER_CHANGED", details: { server: "db-01", capacityHint: 3 } },
    ]);
    await expectNoDiff();
  });

  test("a drained server takes no new tenant, and `placement plan` empties it", async () => {
    await run("servers", "drain", "db-01");
    await run("servers", "set", "db-02", "--status", "active");
    const plan = JSON.parse(await run("placement", "plan", "--json"));
    expect(plan).toMatchObject({ moves: [{ slug: "acme", from: "db-01", to: "db-02" }], stranded: [] });
    await run("up", "northwind-logistics");
    expect(await listed()).toMatchObject([{ tenants: { placed: 1 } }, { tenants: { placed: 1 } }]);
    await run("servers", "set", "db-01", "--status", "active", "--capacity-hint", "200");
    expect(await run("placement", "plan")).toContain("Nothing to move.");
  });

  test("`servers add` makes one more; a second one of the name is refused and nothing is written", async () => {
    const words = [
      "--region",
      "westeurope",
      "--capacity-hint",
      "9",
      "--max-connections",
      "40",
      "--tenant-connections",
      "1",
    ];
    await run("servers", "add", "db-03", ...words);
    expect(await run("servers", "add", "db-03", ...words)).toContain("no changes");
    const text = workspace.read(CONFIG);
    const again = await workspace.tenantry(["servers", "add", "db-03", ...words.with(3, "10")]);
    expect({ code: again.code, text: workspace.read(CONFIG) }).toEqual({ code: 3, text });
    const wrong = await workspace.tenantry(["servers", "set", "db-03", "--capacity-hint", "0"]);
    expect({ code: wrong.code, text: workspace.read(CONFIG) }).toEqual({ code: 2, text });
    expect((await listed())[2]).toMatchObject({
      name: "db-03",
      status: "active",
      connections: { limit: 100 },
    });
  });

  test("`rotate --server` gives the admin a new password, also cut off half-way, and no stack shows a difference (F40)", async () => {
    const before = await adminUrl();
    const tenant = await tenantUrl(environment, "acme");
    for (const point of ["rotateServer:edited", "provider:VaultSecret:put", "rotateServer:applied"]) {
      const cut = await workspace.tenantry(["rotate", "--server", "db-01"], { TENANTRY_KILL_AT: point });
      expect({ point, signal: cut.signal }).toEqual({ point, signal: "SIGKILL" });
    }
    const rotated = await workspace.tenantry(["rotate", "--server", "db-01", "--json"]);
    expect(rotated, rotated.stdout + rotated.stderr).toMatchObject({ code: 0 });
    expect(await loginRefusal(before)).toBe("28P01");
    expect(await loginRefusal(await adminUrl())).toBeUndefined();
    expect(rotated.stdout).not.toContain(decodeURIComponent(new URL(await adminUrl()).password));
    expect(await tenantUrl(environment, "acme")).toBe(tenant);
    await expectNoDiff();
    await run(
      "pulumi",
      "--",
      "refresh",
      "--yes",
      "--skip-preview",
      "--expect-no-changes",
      "-s",
      "local.acme",
    );
    expect(await run("up", "acme")).toContain("no changes");
    expect((await events()).at(-1)).toMatchObject({ event: "SERVER_ROTATED", details: { server: "db-01" } });
  });

  test("what can't be is refused by name", async () => {
    expect((await workspace.tenantry(["rotate", "--server", "db-09"])).stdout).toContain(
      "E_DB_SERVER_NOT_FOUND",
    );
    expect((await workspace.tenantry(["servers", "drain"])).code).toBe(2);
    expect((await workspace.tenantry(["servers", "drain", "db-01", "--region", "x"])).code).toBe(2);
  });
});
