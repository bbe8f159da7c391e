import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { enumeratePoints } from "../support/killPoints.ts";
import { type Environment, onDatabase, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const OTHER = "northwind-logistics";

describe.sequential("`tenantry move`", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  const run = async (...args: string[]) => {
    const done = await workspace.tenantry(args);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    return done.stdout;
  };
  const admin = async (server: string) =>
    (await secretClient(environment, environment.platformVault.url).getSecret(`server-${server}-admin`))
      .value ?? "";
  const serverOf = async (slug: string) =>
    (await query(environment.master.url, "SELECT server FROM identity.tenant WHERE slug = $1", [slug]))[0]
      ?.server;
  const databasesOn = async (server: string, like: string) =>
    (
      await query(
        await admin(server),
        "SELECT datname AS name FROM pg_database WHERE datname LIKE $1 ORDER BY 1",
        [like],
      )
    ).map(({ name }) => String(name));
  const patients = async () => {
    const [row] = await query(
      await tenantUrl(environment, "acme"),
      "SELECT count(*)::int AS n FROM app.patient",
    );
    return row?.n;
  };
  const expectNoDiff = () => run("preview", "acme", "--exit-code", "--refresh");

  test("is announced as a move by the preview, which changes nothing", async () => {
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("plan: trial", "plan: trial\nserver: db-02"));
    const { stdout } = await workspace.tenantry(["preview", "acme"]);
    expect(stdout).toContain(
      "! MOVE from 'db-01' to 'db-02': read-only while its data is copied and compared",
    );
    workspace.write("tenants/acme.yaml", entry);
    expect(await serverOf("acme")).toBe("db-01");
  });

  test("carries database, role, rows and sequences over, and tells how long it was read-only; nobody else changes", async () => {
    await query(
      await tenantUrl(environment, "acme"),
      "INSERT INTO app.patient (full_name, born_on) SELECT 'p' || n, '2000-01-01' FROM generate_series(1, 1000) n",
    );
    const other = await tenantUrl(environment, OTHER);
    const before = await readCloudContents(environment);
    const told = await run("move", "acme", "--to", "db-02");
    expect(told).toMatch(/read-only while its data is copied from 'db-01' to 'db-02'/);
    expect(told).toMatch(/was read-only for \d+ ms; \d+ rows copied and compared/);
    expect(workspace.read("tenants/acme.yaml")).toContain("plan: trial\nserver: db-02\n");
    expect(await serverOf("acme")).toBe("db-02");
    expect(await patients()).toBe(1000);
    const { port } = environment.postgres.find(({ name }) => name === "db-02") ?? {};
    expect(new URL(await tenantUrl(environment, "acme")).port).toBe(String(port));
    expect(await databasesOn("db-01", "tenant_acme")).toEqual([]);
    expect(await databasesOn("db-01", "tenantry_moved_%")).toHaveLength(1);
    expect(await tenantUrl(environment, OTHER)).toBe(other);
    const after = await readCloudContents(environment);
    const ofOthers = (names: readonly string[]) =>
      names.filter((name) => !/acme|moved|tmpl|template/.test(name));
    expect(ofOthers(after.databases)).toEqual(ofOthers(before.databases));
    expect({ ...after, databases: [], roles: [] }).toEqual({ ...before, databases: [], roles: [] });
    await expectNoDiff();
    expect(await run("move", "acme", "--to", "db-02")).toContain("nothing moved");
  });

  test("loses no write that was acknowledged to a client that reconnects by the vault", async () => {
    const acknowledged: number[] = [];
    let isOver = false;
    const write = async () => {
      for (let number = 0; !isOver; ) {
        const client = new pg.Client({
          connectionString: await tenantUrl(environment, "acme"),
          connectionTimeoutMillis: 5_000,
        });
        client.on("error", () => undefined);
        try {
          await client.connect();
          for (; !isOver; number += 1) {
            await client.query("INSERT INTO app.patient (full_name, born_on) VALUES ($1, '2000-01-01')", [
              `live ${number}`,
            ]);
            acknowledged.push(number);
            await delay(2);
          }
        } catch {
          // Refused, read-only or cut: asked again where the vault says it is.
          number += 1;
        }
        await client.end().catch(() => undefined);
      }
    };
    const writing = write();
    await expect.poll(() => acknowledged.length).toBeGreaterThan(20);
    await run("move", "acme", "--to", "db-01");
    const atSwitch = acknowledged.length;
    await expect.poll(() => acknowledged.length).toBeGreaterThan(atSwitch + 20);
    isOver = true;
    await writing;
    const rows = await query(
      await tenantUrl(environment, "acme"),
      "SELECT full_name AS name FROM app.patient WHERE full_name LIKE 'live %'",
    );
    const kept = new Set(rows.map(({ name }) => name));
    expect(acknowledged.filter((number) => !kept.has(`live ${number}`))).toEqual([]);
    expect(await serverOf("acme")).toBe("db-01");
    await expectNoDiff();
  });

  test("cut off at any point it has finished or not happened, and the same again finishes it (F1, F12, F40)", async () => {
    const total = await patients();
    const points = (await enumeratePoints(workspace, "acme", ["move", "acme", "--to", "db-02"])).filter(
      (point) => /^(move:|provider:Placement:|provider:VaultSecret:put)/.test(point),
    );
    expect(points).toContain("provider:Placement:switched");
    const targets = ["db-01", "db-02"];
    for (const [index, point] of points.entries()) {
      const to = targets[index % 2] ?? "";
      const from = targets[(index + 1) % 2] ?? "";
      expect(await serverOf("acme"), point).toBe(from);
      const cut = await workspace.tenantry(["move", "acme", "--to", to], { TENANTRY_KILL_AT: point });
      expect({ point, signal: cut.signal }, cut.stdout).toEqual({ point, signal: "SIGKILL" });
      await run("move", "acme", "--to", to);
      expect({ point, server: await serverOf("acme"), rows: await patients() }).toEqual({
        point,
        server: to,
        rows: total,
      });
      expect(await databasesOn(from, "tenant_acme")).toEqual([]);
    }
    await expectNoDiff();
  }, 600_000);

  test("cut off before its switch and taken back it has not happened: the tenant writes where it was", async () => {
    const from = String(await serverOf("acme"));
    const to = from === "db-01" ? "db-02" : "db-01";
    const total = await patients();
    for (const point of ["provider:Placement:copied", "provider:Placement:source closed"]) {
      const cut = await workspace.tenantry(["move", "acme", "--to", to], { TENANTRY_KILL_AT: point });
      expect(cut.signal).toBe("SIGKILL");
      await run("move", "acme", "--to", from);
      expect(await serverOf("acme")).toBe(from);
      expect(await databasesOn(to, "tenant_acme")).toEqual([]);
      await query(await tenantUrl(environment, "acme"), "UPDATE app.patient SET full_name = full_name");
      expect(await patients()).toBe(total);
    }
    await expectNoDiff();
  });

  test("to a server that is full, draining or unknown is refused, and the entry says what it said", async () => {
    const entry = workspace.read("tenants/acme.yaml");
    const unknown = await workspace.tenantry(["move", "acme", "--to", "db-09"]);
    expect(unknown.stdout).toContain("E_DB_SERVER_NOT_FOUND");
    const to = (await serverOf("acme")) === "db-01" ? "db-02" : "db-01";
    await run("servers", "drain", to);
    const draining = await workspace.tenantry(["move", "acme", "--to", to]);
    expect(draining.stdout).toContain(`server '${to}' is 'draining'; expected 'active'`);
    await run("servers", "set", to, "--status", "active");
    expect(workspace.read("tenants/acme.yaml")).toBe(entry);
  });

  test("the purge of a moved tenant takes its old copies along; those of others go by their time", async () => {
    await run("move", OTHER, "--to", (await serverOf(OTHER)) === "db-01" ? "db-02" : "db-01");
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted"));
    await run("up", "acme");
    await run("destroy", "acme", "--purge", "--confirm", "acme");
    const left = async () =>
      [...(await databasesOn("db-01", "%")), ...(await databasesOn("db-02", "%"))].filter((name) =>
        /acme|moved/.test(name),
      );
    expect(await left()).toHaveLength(1);
    await run("maintain");
    expect(await left()).toHaveLength(1);
    await query(
      environment.master.url,
      "UPDATE identity.tenant_move SET drop_after = now() WHERE state = 'kept'",
    );
    expect(await run("maintain")).toContain("dropped the old copy on");
    expect(await left()).toEqual([]);
    expect(
      await query(
        onDatabase(await admin("db-01"), "postgres"),
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant_acme%'",
      ),
    ).toEqual([]);
  });
});
