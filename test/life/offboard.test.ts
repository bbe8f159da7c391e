import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close, connect } from "../../src/postgres/index.ts";
import {
  type CloudContents,
  contentsOf,
  enterCloud,
  readCloudContents,
  readStacks,
  tenantContents,
} from "../support/cloudContents.ts";
import { readFootprint } from "../support/footprint.ts";
import { type Environment, onDatabase, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

const ENTRY = "tenants/acme.yaml";
const OTHER = "northwind-logistics";
const OFFBOARD = ["offboard", "acme", "--purge", "--confirm", "acme"];
const BAD_MIGRATION = "migrations/tenant/0009_bad.sql";

describe.sequential("`tenantry offboard --purge`", () => {
  let workspace: Workspace;
  let environment: Environment;
  let active: string;
  let empty: CloudContents;
  let other: object;

  beforeAll(async () => {
    workspace = createWorkspace();
    await succeed(["up", "--platform", OTHER]);
    environment = await enterCloud(workspace);
    active = workspace.read(ENTRY);
    empty = await readCloudContents(environment);
    other = await readFootprint(environment, OTHER);
  });
  afterAll(() => workspace.dispose());

  const run = (args: readonly string[], env?: Readonly<Record<string, string>>) =>
    workspace.tenantry(args, env);
  async function succeed(args: readonly string[]): Promise<CommandResult> {
    const result = await run(args);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result;
  }
  async function cut(args: readonly string[], point: string): Promise<void> {
    const result = await run(args, { TENANTRY_KILL_AT: point });
    expect(result.signal, result.stdout + result.stderr).toBe("SIGKILL");
  }
  const admin = async () => {
    const [record] = await query(
      environment.master.url,
      "SELECT server FROM identity.tenant WHERE slug = 'acme' AND status <> 'purged'",
    );
    const vault = secretClient(environment, environment.platformVault.url);
    return (await vault.getSecret(`server-${record?.server}-admin`)).value ?? "";
  };
  const lives = async () =>
    (
      await query(
        environment.master.url,
        "SELECT status FROM identity.tenant WHERE slug = 'acme' ORDER BY provisioning_at",
      )
    ).map(({ status }) => status);

  test("is refused without `--purge` and without the slug once more, and touches nothing", async () => {
    const keep = await run(["offboard", "acme"]);
    expect(keep.stderr).toContain("`tenantry delete acme` keeps the data until retention is over");
    expect(keep.code).toBe(2);
    for (const words of [[], ["--confirm", "acne"]]) {
      const refused = await run(["offboard", "acme", "--purge", ...words]);
      expect(refused.stderr).toContain("E_CONFIRM: `offboard acme --purge`: expected `--confirm acme`");
      expect(refused.code).toBe(3);
    }
    expect(workspace.read(ENTRY)).toBe(active);
  });

  /** How a tenant gets into each state, and how often offboarding it leaves a tombstone. */
  const states: readonly (readonly [string, () => Promise<void>])[] = [
    ["active, with 50 open sessions", openSessions],
    ["suspended", async () => void (await succeed(["suspend", "acme"]))],
    ["deleted", async () => void (await succeed(["delete", "acme"]))],
    [
      "being deleted, cut off before the backup",
      async () => {
        await cut(["delete", "acme"], "provider:TenantRecord:deleting");
        expect(await lives()).toContain("deleting");
      },
    ],
    [
      "half purged",
      async () => {
        await cut(OFFBOARD, "provider:Database:database dropped");
        expect(await lives()).toContain("purging");
      },
    ],
    ["without its database, which somebody dropped", dropDatabase],
    ["without its secret, which somebody removed", removeSecret],
  ];

  test.each(states)("a tenant that is %s", async (_, arrange) => {
    workspace.write(ENTRY, active);
    await succeed(["up", "acme"]);
    const before = await lives();
    await arrange();
    await succeed(OFFBOARD);
    expect(await lives()).toEqual(before.map(() => "purged"));
    await expectNothing();
  });

  test("one whose first provisioning was cut off, or failed and was undone", async () => {
    workspace.write(ENTRY, active);
    await cut(["up", "acme"], "provider:Database:role");
    await succeed(OFFBOARD);
    await expectNothing();
    workspace.write(ENTRY, active);
    workspace.write(BAD_MIGRATION, "SELECT 1/0;\n");
    expect((await run(["up", "acme"])).code).toBe(1);
    expect((await lives()).at(-1)).toBe("provisioning_failed");
    await succeed(OFFBOARD);
    workspace.remove(BAD_MIGRATION);
    expect(new Set(await lives())).toEqual(new Set(["purged"]));
    await expectNothing();
  });

  test("again has nothing to do, and the slug lives again with a new id (F39)", async () => {
    const again = await succeed(OFFBOARD);
    expect(again.stdout).toContain("nothing to purge");
    workspace.write(ENTRY, active);
    await succeed(["up", "acme"]);
    const ids = await query(
      environment.master.url,
      "SELECT DISTINCT id FROM identity.tenant WHERE slug = 'acme'",
    );
    expect(ids).toHaveLength((await lives()).length);
    await query(await tenantUrl(environment, "acme"), "SELECT 1");
  });

  test("has changed nothing of another tenant", async () => {
    expect(await readFootprint(environment, OTHER)).toEqual(other);
  });

  async function expectNothing(): Promise<void> {
    expect(tenantContents(empty, await readCloudContents(environment))).toEqual(contentsOf([]));
    const stack = readStacks(environment).find((each) => each.stack === "local.acme");
    expect(stack?.resources ?? []).toEqual([]);
    expect(stack?.pending ?? 0).toBe(0);
    const hosts = await query(
      environment.master.url,
      "SELECT host FROM identity.tenant_host h JOIN identity.tenant t ON t.id = h.tenant_id WHERE t.slug = 'acme'",
    );
    expect(hosts).toEqual([]);
  }

  async function openSessions(): Promise<void> {
    const url = await tenantUrl(environment, "acme");
    const options = { applicationName: "an application" };
    const sessions: Client[] = await Promise.all(Array.from({ length: 50 }, () => connect(url, options)));
    for (const session of sessions) session.on("error", () => void close(session));
    await sessions[0]?.query("BEGIN");
    const [row] = await query(
      await admin(),
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'tenant_acme_owner'",
    );
    expect(row).toEqual({ count: 50 });
  }

  async function dropDatabase(): Promise<void> {
    await query(onDatabase(await admin(), "postgres"), "DROP DATABASE tenant_acme WITH (FORCE)");
  }

  async function removeSecret(): Promise<void> {
    const vault = secretClient(environment, environment.keyVault.url);
    await (await vault.beginDeleteSecret("tenant-db-acme")).pollUntilDone();
  }
});
