import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksum, provision, startWorld, tenantInputs, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());

describe("a tenant over gRPC", () => {
  test("is provisioned in order and everything of it is there", async () => {
    const files = { "0001_patients.sql": checksum(FIRST) };
    const { tenantId, states } = await provision(world, "acme", { files });
    expect(Object.values(states).map(({ id }) => id)).toEqual([
      "local.acme/record",
      "local.acme/placement",
      "local.acme/check",
      "local.acme/secret/tenant-db-acme",
      "local.acme/database/tenant_acme",
      "local.acme/migrations",
      "local.acme/settings",
      "local.acme/admin",
      "local.acme/backup",
      "local.acme/registration",
    ]);
    expect(
      await world.master("SELECT status, server FROM identity.tenant WHERE id = $1", [tenantId]),
    ).toEqual([{ status: "active", server: "db-01" }]);
    const phases = await world.master(
      "SELECT phase FROM identity.tenant_phase WHERE tenant_id = $1 ORDER BY id",
      [tenantId],
    );
    expect(phases.map(({ phase }) => phase)).toEqual([
      "placement_resolved",
      "state_checked",
      "secret_set",
      "database_created",
      "migrations_applied",
      "admin_seeded",
      "master_registered",
      "complete",
    ]);
    expect(
      await world.query("tenant_acme", "SELECT tableowner FROM pg_tables WHERE schemaname = 'app'"),
    ).toEqual([{ tableowner: "tenant_acme_owner" }]);
    expect(await world.query("tenant_acme", "SELECT email, must_reset_password FROM tenantry.admin")).toEqual(
      [{ email: "admin@acme.example", must_reset_password: true }],
    );
  });

  test("a second read of everything shows the same inputs", async () => {
    const { states } = await provision(world, "same");
    for (const [type, state] of Object.entries(states)) {
      const found = await world.engine.read(type, state);
      expect(await world.engine.diff(type, found?.inputs ?? {}, state.inputs), type).toEqual([]);
    }
  });

  test("every create again changes nothing in master, vault and server", async () => {
    await provision(world, "twice");
    const before = await snapshot();
    await provision(world, "twice");
    expect(await snapshot()).toEqual(before);
  });

  test("inputs name the tenant", () => {
    expect(tenantInputs(world, "a-b").database).toBe("tenant_a_b");
  });
});

async function snapshot() {
  return {
    tenants: await world.master("SELECT * FROM identity.tenant ORDER BY id"),
    audit: await world.master("SELECT * FROM identity.tenant_audit ORDER BY id"),
    outbox: await world.master("SELECT * FROM identity.outbox ORDER BY id"),
    databases: await world.query(
      "postgres",
      "SELECT oid, datname, datacl::text FROM pg_database ORDER BY oid",
    ),
    secrets: [...world.vault.secrets].map(([name, { versions, tags }]) => [name, versions.length, tags]),
  };
}
