import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type DatabaseStep,
  dropTenantDatabase,
  ensureTenantDatabase,
  observeDatabase,
  readLedger,
  type ServerAdmin,
  tenantLockKey,
  withAdvisoryLock,
  withConnection,
  withDatabase,
  workDatabaseName,
} from "../../src/postgres/index.ts";
import type { TestPostgres } from "../support/postgres.ts";
import {
  closeAdmin,
  makeRole,
  newTenant,
  openAdmin,
  query,
  startTenantServer,
  type TenantServer,
  tenantUrl,
  thrownBy,
} from "./support.ts";

let fixture: TenantServer;
let server: TestPostgres;
let admin: ServerAdmin;
let root: ServerAdmin;
let template: string;
let provision: TenantServer["provision"];

beforeAll(async () => {
  fixture = await startTenantServer();
  ({ server, admin, root, template, provision } = fixture);
});

afterAll(async () => {
  await fixture.stop();
});

describe("a new tenant's database", () => {
  test("belongs to the tenant, who logs in and can change every object", async () => {
    const steps: DatabaseStep[] = [];
    const tenant = await provision("fresh", (step) => steps.push(step));
    expect(steps).toEqual(["cloned", "marked", "reassigned", "renamed"]);
    expect(await observeDatabase(admin.client, tenant.database)).toEqual({
      name: "tenant_fresh",
      owner: "tenant_fresh_owner",
      comment: `tenantry:local.fresh:fresh:${tenant.marker.tenantId}`,
      allowsConnections: true,
      isTemplate: false,
      connectionLimit: -1,
      isInvalid: false,
      isOpenToPublic: false,
      connectGrantees: ["tenant_fresh_owner", "tenantry_admin"],
    });
    await query(
      tenantUrl(server.adminUrl, tenant),
      `ALTER TABLE app.note ADD COLUMN at timestamptz; DROP VIEW app.notes; ALTER TYPE app.mood ADD VALUE 'fair';
       ALTER FUNCTION app.touch() RENAME TO touched; INSERT INTO app.note (text) VALUES ('x'); DROP TABLE public.shared;
       CREATE SCHEMA own`,
    );
    const owners = await query(
      withDatabase(server.adminUrl, tenant.database),
      `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace IN ('app'::regnamespace, 'tenantry'::regnamespace)
       UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname IN ('app', 'tenantry')`,
    );
    expect(owners).toEqual([{ owner: "tenant_fresh_owner" }]);
  });

  test("has the template's ledger, and the template still belongs to the admin (F17, F34)", async () => {
    const tenant = await provision("ledger");
    const ledger = await withConnection(
      withDatabase(server.adminUrl, tenant.database),
      admin.options,
      readLedger,
    );
    expect(ledger.map(({ version, name }) => [version, name])).toEqual([["0001", "0001_app.sql"]]);
    expect((await observeDatabase(admin.client, template))?.owner).toBe("tenantry_admin");
  });

  test("has no grant left of how it was filled", async () => {
    const tenant = await provision("grants");
    const rows = await query(
      withDatabase(server.adminUrl, tenant.database),
      "SELECT count(*)::int AS left FROM pg_shdepend WHERE refobjid = 'tenantry_template_owner'::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    expect(rows).toEqual([{ left: 0 }]);
  });

  test("made by ten runs at once is made once (F5)", async () => {
    const tenant = newTenant("tenfold");
    await makeRole(admin.client, tenant);
    const admins = await Promise.all(Array.from({ length: 10 }, () => openAdmin(server.adminUrl)));
    const outcomes = await Promise.all(
      admins.map((one) =>
        withAdvisoryLock(
          one.client,
          tenantLockKey("tenfold"),
          () => ensureTenantDatabase(one, tenant, { template }),
          { waitMs: 30_000, pollMs: 10 },
        ),
      ),
    );
    await Promise.all(admins.map(closeAdmin));
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
  });

  test.each(["cloned", "marked", "reassigned"] as const)(
    "cut off after '%s' is finished by the next run",
    async (at) => {
      const tenant = newTenant(`cut-${at}`);
      await makeRole(admin.client, tenant);
      const cut = await openAdmin(server.adminUrl);
      const { pid } = (await cut.client.query("SELECT pg_backend_pid() AS pid")).rows[0];
      const stop = (step: DatabaseStep) => {
        if (step === at) throw new Error("killed here");
      };
      await thrownBy(ensureTenantDatabase(cut, tenant, { template, onStep: stop }));
      await root.client.query("SELECT pg_terminate_backend($1)", [pid]);
      expect(await observeDatabase(admin.client, tenant.database)).toBeUndefined();
      expect(await ensureTenantDatabase(admin, tenant, { template })).toBe("created");
      expect(
        await observeDatabase(admin.client, workDatabaseName("new", tenant.marker.tenantId)),
      ).toBeUndefined();
      await query(tenantUrl(server.adminUrl, tenant), "ALTER TABLE app.note ADD COLUMN x int");
    },
  );
});

describe("adoption", () => {
  test("of our own is no write when all is well, and repairs owner and grants when not (F2, F25)", async () => {
    const tenant = await provision("adopt");
    const before = await observeDatabase(admin.client, tenant.database);
    await admin.client.query(
      "GRANT CONNECT ON DATABASE tenant_adopt TO PUBLIC; ALTER DATABASE tenant_adopt CONNECTION LIMIT 3; ALTER DATABASE tenant_adopt OWNER TO tenantry_admin",
    );
    expect(await ensureTenantDatabase(admin, tenant, { template })).toBe("adopted");
    expect(await observeDatabase(admin.client, tenant.database)).toMatchObject({
      ...before,
      connectGrantees: expect.anything(),
    });
  });

  test("of an unmarked or a foreign database is refused and changes nothing (F2)", async () => {
    const tenant = newTenant("foreign");
    await makeRole(admin.client, tenant);
    await admin.client.query("CREATE DATABASE tenant_foreign");
    const before = await observeDatabase(admin.client, tenant.database);
    expect((await thrownBy(ensureTenantDatabase(admin, tenant, { template }))).message).toBe(
      `database 'tenant_foreign' exists without a marker; expected 'tenantry:local.foreign:foreign:${tenant.marker.tenantId}'.`,
    );
    await admin.client.query("COMMENT ON DATABASE tenant_foreign IS 'mine'");
    expect((await thrownBy(dropTenantDatabase(admin.client, tenant))).message).toContain(
      "with the comment 'mine'",
    );
    expect(await observeDatabase(admin.client, tenant.database)).toEqual({ ...before, comment: "mine" });
    await admin.client.query("DROP DATABASE tenant_foreign");
  });

  test("of a role without our marker is refused, and its password stays", async () => {
    await admin.client.query("CREATE ROLE tenant_other_owner LOGIN");
    const error = await thrownBy(makeRole(admin.client, newTenant("other")));
    expect(error.message).toMatch(/^role 'tenant_other_owner' exists without a marker; expected /);
    await admin.client.query("DROP ROLE tenant_other_owner");
  });

  test("of a database whose drop was interrupted drops it and makes it again (F14)", async () => {
    const tenant = await provision("halfdrop");
    await root.client.query("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'tenant_halfdrop'");
    expect(await ensureTenantDatabase(admin, tenant, { template })).toBe("created");
    expect((await observeDatabase(admin.client, tenant.database))?.isInvalid).toBe(false);
  });
});
