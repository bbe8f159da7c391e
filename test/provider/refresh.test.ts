import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { decode, encode, Secret } from "../../src/provider/protocol/wire.ts";
import { connectEngine, urnOf } from "./engine.ts";
import { destroy, openTestEdge, provision, tenantInputs } from "./tenant.ts";
import { CANARY, checksum, keep, serverInputs, startWorld, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };
const SECRET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());
afterEach(() => {
  delete process.env.TENANTRY_DRY_RUN;
});

describe("a refresh", () => {
  test("shows a suspended role, a changed grant, lost settings and a renamed organization", async () => {
    const { states, tenantId } = await provision(world, "drift", { files: FILES });
    const changed = async (type: string) => {
      const found = await world.engine.read(type, states[type]!);
      return found === undefined ? "gone" : world.engine.diff(type, found.inputs, states[type]!.inputs);
    };
    await world.query("postgres", "ALTER ROLE tenant_drift_owner NOLOGIN");
    expect(await changed("Database")).toEqual(["status"]);
    const found = await world.engine.read("Database", states.Database!);
    await world.engine.update(
      "Database",
      { ...states.Database!, inputs: found!.inputs },
      states.Database!.inputs,
    );
    expect(await changed("Database")).toEqual([]);
    await world.query("postgres", "GRANT CONNECT ON DATABASE tenant_drift TO PUBLIC");
    expect(await changed("Database")).toEqual(["status"]);
    await world.engine.update("Database", states.Database!, states.Database!.inputs);
    expect(await changed("Database")).toEqual([]);
    await world.query("tenant_drift", "DELETE FROM tenantry.setting");
    expect(await changed("Settings")).toEqual(["settings.model"]);
    await world.query("tenant_drift", "DELETE FROM tenantry.role WHERE seed_key = 'UserManagement'");
    expect(await changed("Identity")).toEqual([
      "seeds.groups.TenantOwners.roles[9]",
      "seeds.roles.UserManagement",
    ]);
    await world.query("tenant_drift", "UPDATE tenantry.api_key SET suspended_at = now()");
    expect(await changed("Identity")).toContain("status");
    await world.engine.update("Identity", states.Identity!, states.Identity!.inputs);
    expect(await changed("Identity")).toEqual([]);
    world.vault.secrets.get("tenant-client-drift")!.versions.push({ id: "2", value: "other" });
    expect(await changed("Identity")).toEqual(["seeds.applications.default.secretName"]);
    await world.master("UPDATE identity.organization SET name = 'x' WHERE id = $1", [tenantId]);
    expect(await changed("Registration")).toEqual(["displayName"]);
    world.vault.secrets.get("tenant-db-drift")!.versions.push({ id: "2", value: "other" });
    expect(await changed("VaultSecret")).toEqual(["value"]);
    world.vault.secrets.get("tenant-db-drift")!.isDeleted = true;
    expect(await changed("VaultSecret")).toBe("gone");
  });

  test("an update never makes a database in the place of a lost one", async () => {
    const { states } = await provision(world, "vanish", { files: FILES });
    await world.query("postgres", "DROP DATABASE tenant_vanish");
    await expect(world.engine.update("Database", states.Database!, states.Database!.inputs)).rejects.toThrow(
      /^E_PARTIAL_STATE: server 'db-01': database 'tenant_vanish' of tenant 'vanish' is not there/,
    );
    expect(await world.engine.read("Database", states.Database!)).toBeUndefined();
    expect(await world.engine.read("Settings", states.Settings!)).toBeUndefined();
  });
});

describe("secrets", () => {
  test("stay secret through check and read, and are never outputs", async () => {
    const { states, tenantId } = await provision(world, "hush", { files: FILES });
    const inputs = tenantInputs(world, "hush").databaseOf(tenantId);
    const check = new providerProto.CheckRequest();
    check.setUrn(urnOf("Database")).setNews(encode({ ...inputs, password: new Secret(CANARY) }));
    const checked = await new Promise<providerProto.CheckResponse>((resolve, reject) => {
      world.engine.client.check(check, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    expect(checked.getInputs()?.toJavaScript().password).toEqual({ ...SECRET_SIGNATURE, value: CANARY });
    expect(JSON.stringify(decode(checked.getInputs()).properties)).toContain(CANARY);
    for (const { outputs } of Object.values(states)) expect(JSON.stringify(outputs)).not.toContain(CANARY);
    const read = new providerProto.ReadRequest();
    const { id, inputs: known, outputs } = states.VaultSecret!;
    read.setUrn(urnOf("VaultSecret")).setId(id).setInputs(encode(known)).setProperties(encode(outputs));
    const found = await new Promise<providerProto.ReadResponse>((resolve, reject) => {
      world.engine.client.read(read, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    expect(found.getInputs()?.toJavaScript().value).toMatchObject(SECRET_SIGNATURE);
  });

  test("a rotated admin is asked of the vault again and the run goes on", async () => {
    await provision(world, "before", { files: FILES });
    await world.query("postgres", "ALTER ROLE tenantry_admin PASSWORD 'rotated'");
    const url = new URL(world.postgres.adminUrl);
    url.password = "rotated";
    keep(world.vault, "server-db-01-admin", url.href);
    await provision(world, "after", { files: FILES });
  });
});

describe("two instances on one process", () => {
  test("never mix", async () => {
    const other = connectEngine(world.provider.port);
    await other.configure({ ...world.config, environment: "prod" });
    const mine = tenantInputs(world, "mine", { files: FILES });
    const [first, second] = await Promise.allSettled([
      world.engine.create("TenantRecord", mine.record),
      other.create("TenantRecord", tenantInputs(world, "theirs").record),
    ]);
    expect(first.status).toBe("fulfilled");
    expect(second.status === "rejected" ? String(second.reason) : second.status).toMatch(
      /E_WRONG_ENVIRONMENT: /,
    );
    const unconfigured = connectEngine(world.provider.port);
    await expect(unconfigured.create("TenantRecord", mine.record)).rejects.toThrow(/called before Configure/);
    other.close();
    unconfigured.close();
  });

  test("a platform's secret is written without master, and goes without ceremony", async () => {
    const inputs = {
      vaultUrl: world.vault.url,
      name: "server-db-02-admin",
      value: "postgres://admin",
      stack: "local",
      slug: "platform",
      tenantId: "local",
    };
    const state = await world.engine.create("VaultSecret", inputs);
    expect(state.id).toBe("local/secret/server-db-02-admin");
    await world.engine.delete("VaultSecret", state);
    expect(world.vault.secrets.get("server-db-02-admin")?.isDeleted).toBe(true);
  });
});

describe("an undo", () => {
  test("removes what the record made, keeps id and slug, and frees the place", async () => {
    process.env.TENANTRY_UNDO = "local.undo";
    try {
      const inputs = tenantInputs(world, "undo", { files: FILES });
      const record = await world.engine.create("TenantRecord", inputs.record);
      const tenantId = String(record.outputs.tenantId);
      const states = {
        TenantRecord: record,
        Placement: await world.engine.create("Placement", inputs.placement),
      };
      await world.engine.create("StateCheck", inputs.check(tenantId));
      await world.engine.create("VaultSecret", inputs.secret(tenantId));
      await world.engine.create("Database", inputs.databaseOf(tenantId));
      openTestEdge(world, "undo", tenantId);
      // The stack knows of none of the later ones: the record finishes them by their markers.
      await destroy(world, "undo", states);
      expect(await world.master("SELECT id, server FROM identity.tenant WHERE slug = 'undo'")).toEqual([
        { id: tenantId, server: null },
      ]);
      expect(await world.query("postgres", "SELECT FROM pg_database WHERE datname = 'tenant_undo'")).toEqual(
        [],
      );
      expect(
        await world.query("postgres", "SELECT FROM pg_roles WHERE rolname = 'tenant_undo_owner'"),
      ).toEqual([]);
      expect(world.vault.secrets.get("tenant-db-undo")?.isDeleted).toBe(true);
      expect([...world.azure.resources.keys()].filter((key) => key.includes("undo"))).toEqual([]);
    } finally {
      delete process.env.TENANTRY_UNDO;
    }
  });

  test("without the word undo a failed first run's record ends, and its slug is free", async () => {
    const { record } = tenantInputs(world, "cleared");
    const state = await world.engine.create("TenantRecord", record);
    await world.engine.delete("TenantRecord", state);
    expect(await world.master("SELECT status FROM identity.tenant WHERE slug = 'cleared'")).toEqual([
      { status: "purged" },
    ]);
  });
});

describe("a server's row", () => {
  test("reads as it is and goes when it is empty", async () => {
    const inputs = { ...serverInputs(world.postgres), name: "db-05" };
    const state = await world.engine.create("Server", inputs);
    expect((await world.engine.read("Server", state))?.inputs).toEqual(inputs);
    await world.engine.delete("Server", state);
    expect(await world.engine.read("Server", state)).toBeUndefined();
  });
});
