import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../edge/azure.ts";
import { deleteTenant, provision, snapshot, tenantInputs } from "./tenant.ts";
import { CANARY, checksum, keep, startWorld, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());

/** Runs what must be refused; answers the message, and proves that nothing was touched. */
async function refused(body: () => Promise<unknown>): Promise<string> {
  const before = await snapshot(world);
  const message = await body().then(
    () => "not refused",
    (error: Error) => error.message,
  );
  expect(await snapshot(world)).toEqual(before);
  return message;
}

describe("a destroy", () => {
  test("of an active tenant is refused by Registration and everything stays", async () => {
    const { states } = await provision(world, "alive", { files: FILES });
    expect(await refused(() => world.engine.delete("Registration", states.Registration!))).toBe(
      "E_ILLEGAL_TRANSITION: Tenant 'alive' is 'active' and can't be destroyed; expected 'deleted'.\n  Set 'status: deleted' in tenants/alive.yaml and run `up alive` first.",
    );
  });

  test("within retention is refused, and after the confirmation it isn't", async () => {
    const { states, tenantId } = await provision(world, "kept", { files: FILES });
    const deleted = await deleteTenant(world, "kept", tenantId, states, FILES);
    await world.master("UPDATE identity.tenant SET is_purge_confirmed = false WHERE id = $1", [tenantId]);
    const message = await refused(() => world.engine.delete("Registration", deleted.Registration!));
    expect(message).toMatch(/^E_RETENTION: Tenant 'kept' is 'deleted' and kept until \d{4}-/);
    await world.master("UPDATE identity.tenant SET is_purge_confirmed = true WHERE id = $1", [tenantId]);
    await world.engine.delete("Registration", deleted.Registration!);
    expect(await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId])).toEqual([
      { status: "purging" },
    ]);
  });

  test("of a held tenant is refused", async () => {
    const { states, tenantId } = await provision(world, "held", { files: FILES });
    const deleted = await deleteTenant(world, "held", tenantId, states, FILES);
    await world.master("UPDATE identity.tenant SET hold = true WHERE id = $1", [tenantId]);
    expect(await refused(() => world.engine.delete("Registration", deleted.Registration!))).toMatch(
      /^E_HOLD: /,
    );
  });

  test.each(["Database", "VaultSecret", "FinalBackup", "TenantRecord"])(
    "of %s alone meets the second lock while the tenant isn't purging",
    async (type) => {
      const { states } = await provision(world, `lock-${type.toLowerCase()}`, { files: FILES });
      expect(await refused(() => world.engine.delete(type, states[type]!))).toMatch(
        /^E_ILLEGAL_TRANSITION: Tenant 'lock-\w+' is 'active'; its .* only (while the record is|after) 'purging'\./,
      );
    },
  );

  test("of a database whose marker somebody changed is refused, and the record doesn't end", async () => {
    const { states, tenantId } = await provision(world, "stolen", { files: FILES });
    const deleted = await deleteTenant(world, "stolen", tenantId, states, FILES);
    await world.engine.delete("Registration", deleted.Registration!);
    await world.query("postgres", "COMMENT ON DATABASE tenant_stolen IS 'mine now'");
    expect(await refused(() => world.engine.delete("Database", deleted.Database!))).toMatch(
      /^E_PARTIAL_STATE: database 'tenant_stolen' exists with the comment 'mine now'/,
    );
    const message = await world.engine
      .delete("TenantRecord", deleted.TenantRecord!)
      .catch((e: Error) => e.message);
    expect(message).toMatch(
      /^E_PARTIAL_STATE: Tenant 'stolen': database: database 'tenant_stolen' on 'db-01' without the marker/,
    );
    expect(await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId])).toEqual([
      { status: "purging" },
    ]);
  });

  test("of the platform is refused while a tenant lives", async () => {
    await provision(world, "lives", { files: FILES });
    const guard = await world.engine.create("PlatformGuard", { environment: "local" });
    expect(await refused(() => world.engine.delete("PlatformGuard", guard))).toMatch(
      /^E_PLATFORM_IN_USE: Platform 'local' holds \d+ tenant\(s\): .*'lives' \(active\)/,
    );
  });
});

describe("the state check", () => {
  test("lists every place where something of the name is, and the record says so", async () => {
    const inputs = tenantInputs(world, "partial");
    await world.query("postgres", "CREATE ROLE tenant_partial_owner");
    await world.query("postgres", "CREATE DATABASE tenant_partial");
    keep(world.vault, "tenant-db-partial", "postgres://other");
    world.azure.put(PATHS.cname("partial"), { CNAMERecord: { cname: "elsewhere" } });
    world.azure.put(PATHS.domain("partial"), { hostName: "partial.local.tenantry.test" });
    const record = await world.engine.create("TenantRecord", inputs.record);
    await world.engine.create("Placement", inputs.placement);
    const message = await world.engine
      .create("StateCheck", inputs.check(String(record.outputs.tenantId)))
      .catch((error: Error) => error.message);
    const found =
      "Tenant 'partial': database, role, secret, DNS, CDN: database 'tenant_partial' on 'db-01'; role 'tenant_partial_owner' on 'db-01'; secret 'tenant-db-partial'; CNAME 'partial.local.tenantry.test'; domain 'tenant-partial' of host 'partial.local.tenantry.test' without the marker of this record; expected nothing of these names.";
    expect(message).toBe(
      `E_PARTIAL_STATE: ${found}\n  Find out whose these are; rename or remove them, or choose another slug.`,
    );
    expect(
      await world.master(
        "SELECT status, status_code, status_reason FROM identity.tenant WHERE slug = 'partial'",
      ),
    ).toEqual([{ status: "provisioning_failed", status_code: "E_PARTIAL_STATE", status_reason: found }]);
  });

  test("refuses a database and a secret of others also without it", async () => {
    const inputs = tenantInputs(world, "foreign");
    const record = await world.engine.create("TenantRecord", inputs.record);
    await world.engine.create("Placement", inputs.placement);
    await world.query("postgres", "CREATE DATABASE tenant_foreign");
    keep(world.vault, "tenant-db-foreign", "postgres://other");
    const tenantId = String(record.outputs.tenantId);
    await expect(world.engine.create("VaultSecret", inputs.secret(tenantId))).rejects.toThrow(
      /^E_PARTIAL_STATE: /,
    );
    await expect(world.engine.create("Database", inputs.databaseOf(tenantId))).rejects.toThrow(
      /^E_PARTIAL_STATE: database 'tenant_foreign' exists without a marker/,
    );
    expect(world.vault.secrets.get("tenant-db-foreign")?.versions).toEqual([
      { id: "1", value: "postgres://other" },
    ]);
  });
});

describe("a change", () => {
  test("of what never changes is E_IMMUTABLE in check", async () => {
    const { record } = tenantInputs(world, "fixed");
    expect(await world.engine.check("TenantRecord", { ...record, isolation: "schema" }, record)).toEqual([
      "isolation: E_IMMUTABLE: Tenant 'fixed': 'isolation' never changes: it is 'database'; got 'schema'. Set it back.",
    ]);
    expect(await world.engine.check("TenantRecord", { ...record, databaseName: "other" }, record)).toEqual([
      "databaseName: E_IMMUTABLE: Tenant 'fixed': 'database' never changes: it is 'tenant_fixed'; got 'other'. Set it back.",
    ]);
  });

  test("of the server to one that isn't there is refused in preview and up, and naming the server it is on isn't", async () => {
    const { states } = await provision(world, "mover", { files: FILES });
    const placement = states.Placement!;
    const news = { ...placement.inputs, server: "db-09" };
    const words = /^E_DB_SERVER_NOT_FOUND: Tenant 'mover': server 'db-09' is not registered/;
    expect(await refused(() => world.engine.previewUpdate("Placement", placement, news))).toMatch(words);
    await expect(world.engine.update("Placement", placement, news)).rejects.toThrow(words);
    const named = { ...placement.inputs, server: "db-01" };
    expect((await world.engine.update("Placement", placement, named)).outputs.serverName).toBe("db-01");
  });

  test("of an applied migration is refused by name before anything runs", async () => {
    const migrations = tenantInputs(world, "edited", { files: FILES }).migrations("id");
    const dir = world.migrationsDir;
    expect(
      await world.engine.check(
        "Migrations",
        { ...migrations, files: { "0001_patients.sql": "f00" } },
        migrations,
      ),
    ).toEqual([
      `files: E_CHECKSUM_CHANGED: ${dir}/0001_patients.sql: was applied with checksum ${checksum(FIRST).slice(0, 12)} and now has f00; expected it unchanged. Put it back; what should change is a new migration.`,
    ]);
    expect(await world.engine.check("Migrations", { ...migrations, files: {} }, migrations)).toEqual([
      `files: E_MIGRATION_REMOVED: ${dir}/0001_patients.sql: is applied and its file is gone; expected it unchanged. Put it back.`,
    ]);
  });
});

describe("a failure", () => {
  test("of a migration names file and line, marks the record, and the next run goes on", async () => {
    const { states, tenantId } = await provision(world, "broken", { files: FILES });
    expect(states.Migrations?.outputs.lastMigration).toBe("0001");
    world.writeMigration("0002_wrong.sql", "CREATE TABLE app.a (id int);\n\nSELECT nothing FROM nowhere;\n");
    const message = await world.engine
      .create("Migrations", tenantInputs(world, "broken").migrations(tenantId))
      .catch((error: Error) => error.message);
    expect(message).toMatch(
      /^E_MIGRATIONS_FAILED: .*\/0002_wrong\.sql:3: relation "nowhere" does not exist \(SQLSTATE 42P01\)/,
    );
    // A live tenant keeps its status.
    expect(await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId])).toEqual([
      { status: "active" },
    ]);
    const inputs = tenantInputs(world, "fresh");
    const record = await world.engine.create("TenantRecord", inputs.record);
    await world.engine.create("Placement", inputs.placement);
    const freshId = String(record.outputs.tenantId);
    await world.engine.create("StateCheck", inputs.check(freshId));
    await expect(world.engine.create("Database", inputs.databaseOf(freshId))).rejects.toThrow(
      /^E_MIGRATIONS_FAILED: /,
    );
    expect(
      await world.master("SELECT status, status_code FROM identity.tenant WHERE id = $1", [freshId]),
    ).toEqual([{ status: "provisioning_failed", status_code: "E_MIGRATIONS_FAILED" }]);
    world.removeMigration("0002_wrong.sql");
    await world.engine.create("Database", inputs.databaseOf(freshId));
    expect(await world.master("SELECT status FROM identity.tenant WHERE id = $1", [freshId])).toEqual([
      { status: "provisioning" },
    ]);
  });

  test("F40: a vault value that doesn't log in is E_SECRET_MISMATCH and tells no password", async () => {
    const { states, tenantId } = await provision(world, "wrong", { files: FILES });
    const url = `postgres://tenant_wrong_owner:other-${CANARY}@127.0.0.1:${world.postgres.port}/tenant_wrong`;
    world.vault.secrets.get("tenant-db-wrong")?.versions.push({ id: "2", value: url });
    const message = await world.engine
      .create("Migrations", tenantInputs(world, "wrong", { files: FILES }).migrations(tenantId))
      .catch((error: Error) => error.message);
    expect(message).toMatch(
      /^E_SECRET_MISMATCH: Tenant 'wrong': the value of secret 'tenant-db-wrong' doesn't log in/,
    );
    expect(message).not.toContain(CANARY);
    const found = await world.engine.read("VaultSecret", states.VaultSecret!);
    expect(await world.engine.diff("VaultSecret", found!.inputs, states.VaultSecret!.inputs)).toEqual([
      "value",
    ]);
    await world.engine.update(
      "VaultSecret",
      { ...states.VaultSecret!, inputs: found!.inputs },
      states.VaultSecret!.inputs,
    );
    await world.engine.create(
      "Migrations",
      tenantInputs(world, "wrong", { files: FILES }).migrations(tenantId),
    );
  });

  test("an edge that isn't there yet is E_EDGE_PENDING, and a later run finishes", async () => {
    const { states, tenantId } = await provision(world, "slow", { files: FILES });
    world.azure.put(PATHS.domain("slow"), {
      hostName: "slow.local.tenantry.test",
      domainValidationState: "Pending",
    });
    await expect(world.engine.create("Registration", states.Registration!.inputs)).rejects.toThrow(
      "E_EDGE_PENDING: Tenant 'slow': host 'slow.local.tenantry.test' isn't served after 1 s: Front Door says 'Pending' of its domain; expected a CNAME that resolves and an approved domain.",
    );
    world.azure.put(PATHS.domain("slow"), {
      hostName: "slow.local.tenantry.test",
      domainValidationState: "Approved",
    });
    await world.engine.create("Registration", states.Registration!.inputs);
    expect(await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId])).toEqual([
      { status: "active" },
    ]);
  });

  test("a server without its secret is E_ADMIN_CONN_UNRESOLVED", async () => {
    await world.master(
      "INSERT INTO identity.db_server VALUES ('db-09', '127.0.0.1', 1, 'northeurope', 'server-db-09-admin', 10, 10, 1, 'active')",
    );
    const inputs = tenantInputs(world, "nokey");
    const record = await world.engine.create("TenantRecord", inputs.record);
    await world.engine.create("Placement", { ...inputs.placement, region: "northeurope" });
    const check = { ...inputs.check(String(record.outputs.tenantId)), server: "db-09" };
    await expect(world.engine.create("StateCheck", check)).rejects.toThrow(
      /^E_ADMIN_CONN_UNRESOLVED: server 'db-09': the platform vault https:\/\/127\.0\.0\.1:\d+ has no secret 'server-db-09-admin'/,
    );
    await world.engine.delete("TenantRecord", record);
  });

  test("another stack's slug is E_ALREADY_PROVISIONED, in a preview too", async () => {
    await provision(world, "taken", { files: FILES });
    const { record } = tenantInputs(world, "taken");
    const other = { ...record, stack: "prod.taken" };
    const words = /^E_ALREADY_PROVISIONED: Tenant 'taken' is 'active' and belongs to stack 'local\.taken'/;
    expect(await refused(() => world.engine.preview("TenantRecord", other))).toMatch(words);
    expect(await refused(() => world.engine.create("TenantRecord", other))).toMatch(words);
  });

  test("an environment that isn't local on this machine's servers is E_WRONG_ENVIRONMENT", async () => {
    const { engine, close } = await world.another();
    await engine.configure({ ...world.config, environment: "prod" });
    expect(await refused(() => engine.create("TenantRecord", tenantInputs(world, "prod").record))).toMatch(
      /^E_WRONG_ENVIRONMENT: environment 'prod': Resource Manager is at '127\.0\.0\.1', which is this machine/,
    );
    await close();
  });
});
