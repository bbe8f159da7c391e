import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Client, close, readMigrationFiles } from "../../src/postgres/index.ts";
import {
  beginMove,
  dueMovedCopies,
  endMove,
  finalBackupSince,
  freePlace,
  grantRead,
  keepMove,
  listBackups,
  listServers,
  type MoveRow,
  migrateMaster,
  placeTenant,
  previewPlacement,
  readAudit,
  readRecord,
  recordBackup,
  register,
  removeServer,
  switchMove,
  transition,
  unfinishedMoves,
  upsertServer,
  writeTombstone,
} from "../../src/registry/index.ts";
import { thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import {
  addServer,
  everyRow,
  makeMaster,
  openMaster,
  RUN,
  registration,
  reserve,
  serverInputs,
} from "./support.ts";

let server: TestPostgres;
let url: string;
let master: Client;
let count = 0;

beforeAll(async () => {
  server = await startTestPostgres();
});

beforeEach(async () => {
  count += 1;
  url = await makeMaster(server.adminUrl, `master${count}`);
  master = await openMaster(url);
  return () => close(master);
});

afterAll(async () => {
  await server.stop();
});

const AUTO = { server: "auto", region: "any" };

describe("a place", () => {
  test("is taken once and kept, also when the server fills up, drains or the wish changes to auto", async () => {
    await addServer(master, "db-01", { capacityHint: 1 });
    const { id } = await reserve(master, "acme");
    expect(await placeTenant(master, id, AUTO)).toMatchObject({
      isNew: true,
      server: { name: "db-01", tenantCount: 1 },
    });
    await addServer(master, "db-01", { capacityHint: 1, status: "draining" });
    const before = await everyRow(master);
    expect(await placeTenant(master, id, { server: "auto", region: "elsewhere" })).toMatchObject({
      isNew: false,
      server: { name: "db-01" },
    });
    expect((await previewPlacement(master, "acme", AUTO)).name).toBe("db-01");
    expect(await everyRow(master)).toBe(before);
  });

  test("the last one is given to one of ten tenants at once", async () => {
    await addServer(master, "db-01", { capacityHint: 3 });
    const records = [];
    for (let index = 0; index < 10; index += 1) records.push(await reserve(master, `t${index}`));
    const clients = await Promise.all(records.map(() => openMaster(url)));
    const results = await Promise.allSettled(
      records.map((record, index) => placeTenant(clients[index] as Client, record.id, AUTO)),
    );
    await Promise.all(clients.map(close));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect((await listServers(master))[0]?.tenantCount).toBe(3);
  });

  test("changes by a move alone, which counts on both servers until it is over", async () => {
    for (const name of ["db-01", "db-02"]) await addServer(master, name, { capacityHint: 1 });
    const { id } = await reserve(master, "mover");
    const wish = { server: "db-02", region: "any" };
    await placeTenant(master, id, { server: "db-01", region: "any" });
    expect(await placeTenant(master, id, wish)).toMatchObject({ isNew: false, server: { name: "db-01" } });
    expect((await previewPlacement(master, "mover", wish)).name).toBe("db-02");
    const move = await beginMove(master, id, wish);
    expect(move).toMatchObject({ from: "db-01", to: "db-02", state: "copying" });
    expect(await beginMove(master, id, wish)).toEqual(move);
    const late = await reserve(master, "late");
    expect((await thrownBy(placeTenant(master, late.id, wish))).code).toBe("E_NO_CAPACITY");
    expect((await thrownBy(removeServer(master, "db-02"))).code).toBe("E_PLATFORM_IN_USE");
    await switchMove(master, move as MoveRow, RUN, { rows: 1 });
    await keepMove(master, move as MoveRow);
    expect((await listServers(master)).map(({ tenantCount }) => tenantCount)).toEqual([0, 1]);
    expect((await thrownBy(removeServer(master, "db-01"))).message).toContain(
      "holds copies of moved tenants: 'mover'",
    );
    expect(await dueMovedCopies(master)).toEqual([]);
    await master.query("UPDATE identity.tenant_move SET drop_after = now()");
    expect(await dueMovedCopies(master)).toMatchObject([{ tenantId: id, from: "db-01" }]);
    await endMove(master, move as MoveRow, "dropped");
    expect(await unfinishedMoves(master, id)).toEqual([]);
    await removeServer(master, "db-01");
  });

  test("is given back by a failed first run, not by a tenant that was active", async () => {
    await addServer(master, "db-01");
    const { id } = await reserve(master, "undone");
    await placeTenant(master, id, AUTO);
    await freePlace(master, id);
    expect((await readRecord(master, "undone"))?.server).toBeNull();
    const live = await reserve(master, "live");
    await placeTenant(master, live.id, AUTO);
    await register(master, registration(live), RUN);
    await freePlace(master, live.id);
    expect((await readRecord(master, "live"))?.server).toBe("db-01");
  });

  test("a preview of a new tenant reads only", async () => {
    await addServer(master, "db-01");
    const before = await everyRow(master);
    expect((await previewPlacement(master, "new", AUTO)).name).toBe("db-01");
    expect(await everyRow(master)).toBe(before);
  });
});

describe("servers", () => {
  test("are written once and only when something differs", async () => {
    const wanted = serverInputs("db-01");
    expect([await upsertServer(master, wanted), await upsertServer(master, wanted)]).toEqual([true, false]);
    expect(await upsertServer(master, { ...wanted, port: 6000 })).toBe(true);
    expect(await listServers(master)).toEqual([{ ...wanted, adminRotation: 0, port: 6000, tenantCount: 0 }]);
  });

  test("are not removed while a tenant lives on them; a tombstone doesn't hold them", async () => {
    await addServer(master, "db-01");
    const { id } = await reserve(master, "holder");
    await placeTenant(master, id, AUTO);
    const error = await thrownBy(removeServer(master, "db-01"));
    expect([error.code, error.message]).toEqual([
      "E_PLATFORM_IN_USE",
      "Server 'db-01' holds 1 tenant(s): 'holder'; expected none.",
    ]);
    await transition(master, id, "purging", RUN);
    await writeTombstone(master, id, RUN);
    await removeServer(master, "db-01");
    await removeServer(master, "db-01");
    expect(await listServers(master)).toEqual([]);
    expect((await readAudit(master, "holder")).at(-1)?.details.server).toBe("db-01");
  });
});

describe("master", () => {
  test("is migrated once, whoever asks", async () => {
    const files = await readMigrationFiles("migrations/master");
    const clients = await Promise.all(Array.from({ length: 10 }, () => openMaster(url)));
    const applied = await Promise.all(clients.map((client) => migrateMaster(client, files)));
    await Promise.all(clients.map(close));
    expect(applied.flat()).toEqual([]);
  });

  test("a reader sees everything but the outbox's links, and the grant is written once", async () => {
    await master.query(
      `CREATE ROLE reader${count} LOGIN; GRANT reader${count} TO CURRENT_USER WITH SET TRUE`,
    );
    expect(await grantRead(master, `reader${count}`)).toBe(true);
    expect(await grantRead(master, `reader${count}`)).toBe(false);
    await master.query(`SET ROLE reader${count}`);
    await master.query("SELECT * FROM identity.tenant; SELECT recipient, released_at FROM identity.outbox");
    expect((await thrownBy(master.query("SELECT payload FROM identity.outbox"))).code).toBe("42501");
    expect((await thrownBy(master.query("DELETE FROM identity.organization"))).code).toBe("42501");
    await master.query("RESET ROLE");
  });
});

describe("backups", () => {
  test("have a row and an audit row; the final one since a moment is found when it is verified", async () => {
    const { id } = await reserve(master, "saved");
    const backup = {
      tenantId: id,
      kind: "final" as const,
      format: "archive" as const,
      location: "file:///b/x.tar.gz",
      sizeBytes: 5_000_000_000,
      sha256: "ab",
      takenAt: new Date("2026-03-01T00:00:00Z"),
      verifiedAt: new Date("2026-03-01T00:00:01Z"),
      deletedAfter: null,
    };
    const backupId = await recordBackup(master, backup, RUN);
    await recordBackup(
      master,
      { ...backup, takenAt: new Date("2026-03-02T00:00:00Z"), verifiedAt: null },
      RUN,
    );
    expect((await listBackups(master, id)).map((row) => row.sizeBytes)).toEqual([
      5_000_000_000, 5_000_000_000,
    ]);
    expect(await finalBackupSince(master, id, new Date("2026-03-01T00:00:00Z"))).toMatchObject({
      ...backup,
      id: backupId,
    });
    expect(await finalBackupSince(master, id, new Date("2026-03-01T00:00:01Z"))).toBeUndefined();
    expect((await readAudit(master, "saved")).map((row) => row.event)).toEqual([
      "TENANT_RESERVED",
      "TENANT_BACKED_UP",
      "TENANT_BACKED_UP",
    ]);
  });
});
