import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  admitRole,
  dropRole,
  dropTenantDatabase,
  ensureTenantDatabase,
  expelRole,
  ident,
  observeDatabase,
  observeRole,
  type ServerAdmin,
  scramVerifier,
  setRoleLogin,
  setRolePassword,
  setTenantAccess,
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

describe("isolation", () => {
  test("no tenant gets into another's database, the template, or with a revoked CONNECT into its own (F19)", async () => {
    const tenants = [await provision("iso-a"), await provision("iso-b"), await provision("iso-c")];
    for (const who of tenants)
      for (const where of tenants) {
        const url = tenantUrl(server.adminUrl, who, where.database);
        if (who === where) expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
        else expect((await thrownBy(query(url, "SELECT 1"))).problem).toBe("denied");
      }
    const error = await thrownBy(query(tenantUrl(server.adminUrl, tenants[0]!, template), "SELECT 1"));
    expect(error.code).toMatch(/^(42501|55000)$/);
  });

  test("closing a tenant ends its sessions and keeps it out; the admin still gets in; opening undoes it", async () => {
    const tenant = await provision("closing");
    const session = await openAdmin(tenantUrl(server.adminUrl, tenant));
    expect(await setTenantAccess(admin.client, tenant, false)).toBe(true);
    expect(await setTenantAccess(admin.client, tenant, false)).toBe(false);
    expect((await thrownBy(session.client.query("SELECT 1"))).message).toMatch(
      /terminat|closed|not queryable/i,
    );
    expect((await thrownBy(openAdmin(tenantUrl(server.adminUrl, tenant)))).problem).toBe("login-refused");
    await query(
      withDatabase(server.adminUrl, tenant.database),
      `SET ROLE ${ident(tenant.role)}; CREATE TABLE app.while_closed ()`,
    );
    expect(await setTenantAccess(admin.client, tenant, true)).toBe(true);
    await query(tenantUrl(server.adminUrl, tenant), "DROP TABLE app.while_closed");
  });
});

describe("roles", () => {
  test("a password is set by its verifier and never by its text; a changed one logs in", async () => {
    const tenant = await provision("rotate");
    await setRolePassword(admin.client, tenant.role, tenant.marker, await scramVerifier("another one"));
    expect((await thrownBy(openAdmin(tenantUrl(server.adminUrl, tenant)))).code).toBe("28P01");
    await makeRole(admin.client, tenant);
    await closeAdmin(await openAdmin(tenantUrl(server.adminUrl, tenant)));
    expect(await setRoleLogin(admin.client, tenant.role, tenant.marker, true)).toBe(false);
  });

  test("passwords that clients would not agree on are refused", async () => {
    for (const password of ["", "a\0b", "a\u00A0b", "\u00AA", "a\u00ADb"])
      expect((await thrownBy(scramVerifier(password))).message).toBe(
        "password is empty or holds characters that clients don't agree on; use printable ASCII",
      );
  });

  test("a role that owns things in another database takes only those with it (F16)", async () => {
    const tenant = await provision("wanderer");
    const host = await provision("host");
    await admin.client.query(`GRANT CONNECT, CREATE ON DATABASE tenant_host TO ${ident(tenant.role)}`);
    await query(
      tenantUrl(server.adminUrl, tenant, host.database),
      "CREATE SCHEMA stray; CREATE TABLE stray.t ()",
    );
    await dropTenantDatabase(admin.client, tenant);
    expect(await dropRole(admin.client, admin.url, tenant.role, tenant.marker, admin.options)).toBe(
      "dropped",
    );
    expect(await dropRole(admin.client, admin.url, tenant.role, tenant.marker, admin.options)).toBe("absent");
    expect(await observeRole(admin.client, tenant.role)).toBeUndefined();
    await query(tenantUrl(server.adminUrl, host), "SELECT * FROM app.note");
  });
});

describe("drop", () => {
  test("while the application is connected succeeds and cuts it off (F15)", async () => {
    const tenant = await provision("busy");
    const session = await openAdmin(tenantUrl(server.adminUrl, tenant));
    expect(await dropTenantDatabase(admin.client, tenant)).toBe("dropped");
    expect(await dropTenantDatabase(admin.client, tenant)).toBe("absent");
    await closeAdmin(session);
  });

  test("waits for a session that the admin may not end, and goes on when it has left", async () => {
    const tenant = await provision("watched");
    const watcher = await openAdmin(withDatabase(server.superuserUrl, tenant.database));
    const application = await openAdmin(tenantUrl(server.adminUrl, tenant));
    const dropping = dropTenantDatabase(admin.client, tenant);
    expect((await thrownBy(application.client.query("SELECT pg_sleep(10)"))).message).toMatch(/terminat/);
    await closeAdmin(watcher);
    expect(await dropping).toBe("dropped");
  });

  test("finishes an interrupted one, and what killed runs left of this tenant (F14)", async () => {
    const tenant = await provision("leftover");
    await admin.client.query(`CREATE DATABASE ${workDatabaseName("check", tenant.marker.tenantId)}`);
    await root.client.query("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'tenant_leftover'");
    expect(await dropTenantDatabase(admin.client, tenant)).toBe("dropped");
    const { rows } = await admin.client.query("SELECT datname FROM pg_database WHERE datname ~ $1", [
      tenant.marker.tenantId.replaceAll("-", ""),
    ]);
    expect(rows).toEqual([]);
  });

  test("of a tenant whose name is another's cut to 63 bytes is refused, not done (finding 7)", async () => {
    const short = { ...newTenant("long"), database: `tenant_${"x".repeat(56)}` };
    const long = { ...short, database: `tenant_${"x".repeat(57)}` };
    await makeRole(admin.client, short);
    await ensureTenantDatabase(admin, short, { template });
    expect(await observeDatabase(admin.client, long.database)).toBeUndefined();
    expect((await thrownBy(ensureTenantDatabase(admin, long, { template }))).name).toBe("RangeError");
    expect(await dropTenantDatabase(admin.client, long)).toBe("absent");
    expect(await observeDatabase(admin.client, short.database)).toMatchObject({ owner: short.role });
  });
});

describe("concurrent grants", () => {
  test("from two sessions on one database all succeed (F20)", async () => {
    const tenant = await provision("granted");
    const other = await openAdmin(server.adminUrl);
    const churn = async ({ client }: ServerAdmin) => {
      for (let round = 0; round < 60; round += 1) {
        await admitRole(client, tenant.database, tenant.role);
        await expelRole(client, tenant.database, tenant.role);
      }
    };
    await Promise.all([churn(admin), churn(other)]);
    await closeAdmin(other);
  });
});
