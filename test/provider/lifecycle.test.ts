import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "../edge/azure.ts";
import type { State } from "./engine.ts";
import { deleteTenant, destroy, provision, snapshot, tenantInputs } from "./tenant.ts";
import { checksum, startWorld, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());

describe("a tenant over gRPC", () => {
  test("is provisioned in order and everything of it is there", async () => {
    const { tenantId, states } = await provision(world, "acme", { files: FILES });
    expect(Object.values(states).map(({ id }) => id)).toEqual([
      "local.acme/record",
      "local.acme/placement",
      "local.acme/check",
      "local.acme/secret/tenant-db-acme",
      "local.acme/database/tenant_acme",
      "local.acme/migrations",
      "local.acme/settings",
      "local.acme/admin",
      "local.acme/identity",
      "local.acme/backup",
      "local.acme/registration",
    ]);
    expect(
      await world.master("SELECT status, server FROM identity.tenant WHERE id = $1", [tenantId]),
    ).toEqual([{ status: "active", server: "db-01" }]);
    expect(await phasesOf(tenantId)).toEqual([
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
    expect(await world.master("SELECT released_at IS NOT NULL AS released FROM identity.outbox")).toEqual([
      { released: true },
    ]);
  });

  test("reads as it was made", async () => {
    const { states } = await provision(world, "same", { files: FILES });
    for (const [type, state] of Object.entries(states)) {
      const found = await world.engine.read(type, state);
      expect(await world.engine.diff(type, found?.inputs ?? {}, state.inputs), type).toEqual([]);
    }
  });

  test("made again changes nothing in master, vault and server", async () => {
    await provision(world, "twice", { files: FILES });
    const before = await snapshot(world);
    await provision(world, "twice", { files: FILES });
    const after = await snapshot(world);
    // Another run has phases of its own; everything else is the same.
    expect({ ...after, phases: [] }).toEqual({ ...before, phases: [] });
  });

  test("made ten times at once is one of everything", async () => {
    const others = await Promise.all(Array.from({ length: 10 }, () => world.another()));
    const made = await Promise.all(
      others.map(({ engine }) => provision(world, "crowd", { files: FILES }, engine)),
    );
    await Promise.all(others.map(({ close }) => close()));
    expect(new Set(made.map(({ tenantId }) => tenantId)).size).toBe(1);
    expect(await world.master("SELECT count(*)::int AS n FROM identity.tenant WHERE slug = 'crowd'")).toEqual(
      [{ n: 1 }],
    );
    expect(world.vault.secrets.get("tenant-db-crowd")?.versions).toHaveLength(1);
    expect(await world.query("tenant_crowd", "SELECT count(*)::int AS n FROM tenantry.admin")).toEqual([
      { n: 1 },
    ]);
    expect(
      await world.query("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'tenantry_new%'"),
    ).toEqual([]);
  });

  test("suspended, its role can't log in and its sessions end; resumed, it can", async () => {
    const { states } = await provision(world, "rest", { files: FILES });
    const { databaseOf, registration } = tenantInputs(world, "rest", { status: "suspended" });
    const tenantId = String(states.TenantRecord?.outputs.tenantId);
    const suspended = await world.engine.update("Database", states.Database!, databaseOf(tenantId));
    await world.engine.update("Registration", states.Registration!, {
      ...registration(tenantId, ""),
      suspendReason: "unpaid",
    });
    expect(await loginOf("tenant_rest_owner")).toEqual({ rolcanlogin: false });
    expect((await world.engine.read("Database", suspended))?.inputs.status).toBe("suspended");
    expect(
      await world.master("SELECT status, status_reason FROM identity.tenant WHERE slug = 'rest'"),
    ).toEqual([{ status: "suspended", status_reason: "unpaid" }]);
    await world.engine.update("Database", suspended, states.Database!.inputs);
    await world.engine.update("Registration", states.Registration!, states.Registration!.inputs);
    expect(await loginOf("tenant_rest_owner")).toEqual({ rolcanlogin: true });
  });

  test("a changed email keeps the admin, makes a new invitation and kills the old link", async () => {
    const { states, tenantId } = await provision(world, "mail", { files: FILES });
    const admin = states.Admin!;
    const news = { ...admin.inputs, email: "new@mail.example" };
    expect(await world.engine.diff("Admin", admin.inputs, news)).toEqual(["email"]);
    const updated = await world.engine.update("Admin", admin, news);
    expect(updated.outputs.adminId).toBe(admin.outputs.adminId);
    expect(updated.outputs.invitationId).not.toBe(admin.outputs.invitationId);
    expect(
      await world.master(
        "SELECT recipient, revoked_at IS NOT NULL AS revoked FROM identity.outbox WHERE tenant_id = $1 ORDER BY created_at",
        [tenantId],
      ),
    ).toEqual([
      { recipient: "admin@mail.example", revoked: true },
      { recipient: "new@mail.example", revoked: false },
    ]);
  });

  test("a trigger that a tenant planted never runs as the admin in a migration, also of a suspended tenant", async () => {
    const { states, tenantId } = await provision(world, "sly", { files: FILES });
    for (const statement of [
      "CREATE TABLE public.seen (login text, role text)",
      `CREATE FUNCTION public.sly() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RESET ROLE; INSERT INTO public.seen VALUES (session_user, current_user); RETURN NEW; END $$`,
      "CREATE TRIGGER sly BEFORE INSERT ON app.patient FOR EACH ROW EXECUTE FUNCTION public.sly()",
    ])
      await world.query("tenant_sly", `SET ROLE tenant_sly_owner; ${statement}`);
    const migrate = async (state: State, status: "active" | "suspended", name: string): Promise<State> => {
      const text = `INSERT INTO app.patient VALUES (${Number(name.slice(0, 4))});\n`;
      world.writeMigration(name, text);
      const files = { ...(state.inputs.files as object), [name]: checksum(text) };
      return world.engine.update("Migrations", state, { ...state.inputs, status, files });
    };
    try {
      const migrated = await migrate(states.Migrations!, "active", "0002_more.sql");
      const { databaseOf } = tenantInputs(world, "sly", { status: "suspended" });
      await world.engine.update("Database", states.Database!, databaseOf(tenantId));
      await migrate(migrated, "suspended", "0003_more.sql");
    } finally {
      for (const name of ["0002_more.sql", "0003_more.sql"]) world.removeMigration(name);
    }
    expect(await world.query("tenant_sly", "SELECT * FROM public.seen ORDER BY login")).toEqual([
      { login: "tenant_sly_owner", role: "tenant_sly_owner" },
      { login: "tenant_sly_owner_standin", role: "tenant_sly_owner_standin" },
    ]);
    const left = "SELECT rolname FROM pg_roles WHERE rolname LIKE '%standin'";
    expect(await world.query("postgres", left)).toEqual([]);
  });

  test("an update of names and settings is told with old and new", async () => {
    const { states } = await provision(world, "names", { files: FILES });
    const registration = states.Registration!;
    const news = { ...registration.inputs, displayName: "Other", labels: { tier: "gold" } };
    expect(await world.engine.diff("Registration", registration.inputs, news)).toEqual([
      "displayName",
      "labels.tier",
    ]);
    await world.engine.update("Registration", registration, news);
    const [row] = await world.master(
      "SELECT details FROM identity.tenant_audit WHERE slug = 'names' AND event_type = 'TENANT_UPDATED'",
    );
    expect(row?.details).toEqual({
      changes: {
        displayName: { old: "names Inc", new: "Other" },
        labels: { old: { tier: "pilot" }, new: { tier: "gold" } },
      },
    });
  });

  test("deleted and destroyed, nothing of it is left but tombstone and backup; then it lives again", async () => {
    const { states, tenantId } = await provision(world, "gone", { files: FILES });
    const others = await world.query(
      "postgres",
      "SELECT datname FROM pg_database WHERE datname <> 'tenant_gone' ORDER BY oid",
    );
    const deleted = await deleteTenant(world, "gone", tenantId, states, FILES);
    expect(deleted.FinalBackup?.outputs.backupId).not.toBe("");
    await destroy(world, "gone", deleted);
    expect(await world.query("postgres", "SELECT datname FROM pg_database ORDER BY oid")).toEqual(others);
    expect(await loginOf("tenant_gone_owner")).toBeUndefined();
    for (const name of ["tenant-db-gone", "tenant-client-gone", "tenant-key-gone--default"])
      expect(world.vault.secrets.get(name)?.isDeleted, name).toBe(true);
    expect(await world.master("SELECT status FROM identity.tenant WHERE slug = 'gone'")).toEqual([
      { status: "purged" },
    ]);
    expect(await world.master("SELECT kind FROM identity.backup WHERE tenant_id = $1", [tenantId])).toEqual([
      { kind: "final" },
    ]);
    const next = await provision(world, "gone", { files: FILES });
    expect(next.tenantId).not.toBe(tenantId);
    expect(world.vault.secrets.get("tenant-db-gone")).toMatchObject({ isDeleted: false });
  });

  test("a final backup that was lost is taken again before anything is dropped", async () => {
    const { states, tenantId } = await provision(world, "lost", { files: FILES });
    const deleted = await deleteTenant(world, "lost", tenantId, states, FILES);
    await world.master("UPDATE identity.backup SET sha256 = 'x' WHERE tenant_id = $1", [tenantId]);
    await destroy(world, "lost", deleted);
    expect(
      await world.master("SELECT count(*)::int AS n FROM identity.backup WHERE tenant_id = $1", [tenantId]),
    ).toEqual([{ n: 2 }]);
  });

  test("a deleted tenant is brought back with its data", async () => {
    const { states, tenantId } = await provision(world, "revive", { files: FILES });
    await world.query("tenant_revive", "INSERT INTO app.patient VALUES (7)");
    const deleted = await deleteTenant(world, "revive", tenantId, states, FILES);
    expect(await statusOf(tenantId)).toBe("deleted");
    expect(await loginOf("tenant_revive_owner")).toEqual({ rolcanlogin: false });
    for (const type of ["TenantRecord", "Database", "Migrations", "FinalBackup", "Registration"]) {
      await world.engine.update(type, deleted[type]!, states[type]!.inputs);
    }
    expect(await statusOf(tenantId)).toBe("active");
    expect(await loginOf("tenant_revive_owner")).toEqual({ rolcanlogin: true });
    expect(await world.query("tenant_revive", "SELECT id FROM app.patient")).toEqual([{ id: 7 }]);
  });

  test("an entry changed back while deleting is active again", async () => {
    const { states, tenantId } = await provision(world, "back", { files: FILES });
    const { record } = tenantInputs(world, "back", { status: "deleted" });
    const deleting = await world.engine.update("TenantRecord", states.TenantRecord!, record);
    expect(await statusOf(tenantId)).toBe("deleting");
    await world.engine.update("TenantRecord", deleting, states.TenantRecord!.inputs);
    expect(await statusOf(tenantId)).toBe("active");
  });

  test("a removed CNAME comes before its domain when the record finishes what is left", async () => {
    const { states, tenantId } = await provision(world, "edge", { files: FILES });
    const deleted = await deleteTenant(world, "edge", tenantId, states, FILES);
    const { Registration, FinalBackup, Database, VaultSecret } = deleted;
    await world.engine.delete("Registration", Registration!);
    await world.engine.delete("FinalBackup", FinalBackup!);
    await world.engine.delete("Database", Database!);
    await world.engine.delete("VaultSecret", VaultSecret!);
    // The stack forgot its edge: nothing of it was removed.
    await world.engine.delete("TenantRecord", deleted.TenantRecord!);
    expect(world.azure.resources.has(PATHS.domain("edge").toLowerCase())).toBe(false);
    expect(world.azure.resources.has(PATHS.cname("edge").toLowerCase())).toBe(false);
    expect(world.vault.secrets.get("tenant-key-edge--default")?.isDeleted).toBe(true);
    expect(await statusOf(tenantId)).toBe("purged");
  });
});

async function phasesOf(tenantId: string) {
  const rows = await world.master(
    "SELECT phase FROM identity.tenant_phase WHERE tenant_id = $1 ORDER BY id",
    [tenantId],
  );
  return rows.map(({ phase }) => phase);
}

async function statusOf(tenantId: string) {
  const [row] = await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId]);
  return row?.status;
}

async function loginOf(role: string) {
  const [row] = await world.query("postgres", "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", [role]);
  return row;
}
