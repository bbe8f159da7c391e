import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../src/provider/protocol/wire.ts";
import { PATHS } from "../edge/azure.ts";
import { provision, snapshot, tenantInputs } from "./tenant.ts";
import { checksum, keep, startWorld, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());
afterEach(() => {
  delete process.env.TENANTRY_DRY_RUN;
});

describe("a preview", () => {
  test("of a new tenant decides its place from master's rows and touches nothing", async () => {
    const inputs = tenantInputs(world, "soon", { files: FILES });
    const before = await snapshot(world);
    world.vault.requests.length = 0;
    world.azure.requests.length = 0;
    expect((await world.engine.preview("TenantRecord", inputs.record)).tenantId).toBe(UNKNOWN);
    expect(await world.engine.preview("Placement", inputs.placement)).toEqual({
      ...inputs.placement,
      serverName: "db-01",
      host: world.postgres.host,
      port: world.postgres.port,
    });
    const key = { tenantId: UNKNOWN };
    await world.engine.preview("StateCheck", { ...inputs.check(""), ...key });
    await world.engine.preview("VaultSecret", { ...inputs.secret(""), ...key, value: UNKNOWN });
    await world.engine.preview("Database", { ...inputs.databaseOf(""), ...key, password: UNKNOWN });
    expect(await world.engine.preview("Migrations", { ...inputs.migrations(""), ...key })).toMatchObject({
      files: FILES,
      lastMigration: "0001",
    });
    expect(await world.engine.preview("Admin", { ...inputs.admin(""), ...key })).toMatchObject({
      adminId: UNKNOWN,
      invitationId: UNKNOWN,
    });
    await world.engine.preview("FinalBackup", { ...inputs.backup(""), ...key });
    await world.engine.preview("Registration", {
      ...inputs.registration("", ""),
      ...key,
      invitationId: UNKNOWN,
    });
    expect(await snapshot(world)).toEqual(before);
    expect(world.azure.requests).toEqual([]);
    expect(new Set(world.vault.requests)).toEqual(new Set(["GET /secrets/master-read"]));
  });

  test("of a tenant that is there knows its id and its place", async () => {
    const { states, tenantId } = await provision(world, "known", { files: FILES });
    const { record, placement } = tenantInputs(world, "known");
    expect((await world.engine.preview("TenantRecord", record)).tenantId).toBe(tenantId);
    expect((await world.engine.previewUpdate("TenantRecord", states.TenantRecord!, record)).tenantId).toBe(
      tenantId,
    );
    expect((await world.engine.previewUpdate("Placement", states.Placement!, placement)).serverName).toBe(
      "db-01",
    );
  });

  test("without master leaves place and id open, and says so", async () => {
    const { engine, close } = await world.another();
    await engine.configure({ ...world.config, masterReadRef: "nowhere" });
    const inputs = tenantInputs(world, "offline");
    expect((await engine.preview("TenantRecord", inputs.record)).tenantId).toBe(UNKNOWN);
    expect(await engine.preview("Placement", inputs.placement)).toMatchObject({
      serverName: UNKNOWN,
      host: UNKNOWN,
      port: UNKNOWN,
    });
    expect(await engine.invoke("tenantry:index:getRecord", { slug: "offline" }, true)).toEqual({
      tenantId: "",
      status: "none",
      stack: "",
      server: "",
      region: "",
      wasEverActive: false,
      rotation: 0,
      isPurgeable: false,
      isHeld: false,
      namesakes: [],
      isReachable: false,
    });
    await close();
  });

  test("a placement that can't be is refused in the preview", async () => {
    const { placement } = tenantInputs(world, "nowhere");
    await expect(world.engine.preview("Placement", { ...placement, server: "db-77" })).rejects.toThrow(
      /^E_DB_SERVER_NOT_FOUND: Tenant 'nowhere': server 'db-77' is not registered/,
    );
    await expect(world.engine.preview("Placement", { ...placement, region: "mars" })).rejects.toThrow(
      /^E_NO_CAPACITY: Tenant 'nowhere': expected an active server of region 'mars'/,
    );
  });

  test("as a dry run really compares, and writes nothing", async () => {
    process.env.TENANTRY_DRY_RUN = "1";
    const inputs = tenantInputs(world, "rehearsal");
    const check = { ...inputs.check(""), tenantId: UNKNOWN };
    await world.engine.preview("StateCheck", check);
    keep(world.vault, "tenant-db-rehearsal", "postgres://other");
    world.azure.put(PATHS.cname("rehearsal"), { CNAMERecord: { cname: "elsewhere" } });
    const before = await snapshot(world);
    await expect(world.engine.preview("StateCheck", check)).rejects.toThrow(
      /^E_PARTIAL_STATE: Tenant 'rehearsal': secret, DNS: secret 'tenant-db-rehearsal'; CNAME 'rehearsal/,
    );
    expect(await snapshot(world)).toEqual(before);
  });

  test("as a dry run of a tenant that is there finds nothing foreign", async () => {
    process.env.TENANTRY_DRY_RUN = "1";
    const { states } = await provision(world, "again", { files: FILES });
    await world.engine.preview("StateCheck", states.StateCheck!.inputs);
  });
});

describe("getRecord", () => {
  test("tells what master says of a slug", async () => {
    const none = await world.engine.invoke("tenantry:index:getRecord", { slug: "nobody" });
    expect(none).toMatchObject({ status: "none", isReachable: true, isPurgeable: false });
    const { tenantId } = await provision(world, "asked", { files: FILES });
    expect(await world.engine.invoke("tenantry:index:getRecord", { slug: "asked" })).toEqual({
      tenantId,
      status: "active",
      stack: "local.asked",
      server: "db-01",
      region: "westeurope",
      wasEverActive: true,
      rotation: 0,
      isPurgeable: false,
      isHeld: false,
      namesakes: [],
      isReachable: true,
    });
    const { displayName, adminEmail } = tenantInputs(world, "asked").registration(tenantId, "");
    const renamed = { slug: "asked-anew", displayName, adminEmail };
    expect(await world.engine.invoke("tenantry:index:getRecord", renamed)).toMatchObject({
      status: "none",
      namesakes: ["asked"],
    });
  });
});
