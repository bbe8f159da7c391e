import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close } from "../../src/postgres/index.ts";
import {
  changeReservation,
  readAudit,
  readHosts,
  readRecord,
  readRecordById,
  recordFailure,
  reserveTenant,
  transition,
  writeTombstone,
} from "../../src/registry/index.ts";
import { thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { everyRow, makeMaster, openMaster, RUN, reservation, reserve } from "./support.ts";

let server: TestPostgres;
let url: string;
let master: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  url = await makeMaster(server.adminUrl, "master");
  master = await openMaster(url);
});

afterAll(async () => {
  await close(master);
  await server.stop();
});

const events = async (slug: string) => (await readAudit(master, slug)).map((row) => row.event);

describe("reserving", () => {
  test("makes a record with id and hosts, and tells it in the audit with operator and commit", async () => {
    const { record, outcome } = await reserveTenant(master, reservation("first"), RUN);
    expect(outcome).toBe("reserved");
    expect(record).toMatchObject({
      slug: "first",
      status: "provisioning",
      server: null,
      activeAt: null,
      cacheEpoch: 0,
    });
    expect(await readHosts(master, record.id)).toEqual(["first.tenants.test"]);
    expect(await readAudit(master, "first")).toEqual([
      {
        at: expect.any(Date),
        tenantId: record.id,
        slug: "first",
        event: "TENANT_RESERVED",
        platformUserId: null,
        osUser: "ops",
        gitCommit: "abc123",
        details: { stack: "local.first" },
      },
    ]);
  });

  test("again finds its own unfinished record and writes nothing", async () => {
    const { id } = await reserve(master, "again");
    const before = await everyRow(master);
    const { record, outcome } = await reserveTenant(master, reservation("again"), RUN);
    expect([record.id, outcome]).toEqual([id, "found"]);
    expect(await everyRow(master)).toBe(before);
  });

  test("by ten runs at once makes one record (F5)", async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => openMaster(url)));
    const results = await Promise.all(
      clients.map((client) => reserveTenant(client, reservation("ten"), RUN)),
    );
    await Promise.all(clients.map(close));
    expect(new Set(results.map(({ record }) => record.id)).size).toBe(1);
    expect(results.filter(({ outcome }) => outcome === "reserved")).toHaveLength(1);
    expect(await events("ten")).toEqual(["TENANT_RESERVED"]);
  });

  test("of another stack's slug is refused, naming the stack, and writes nothing (F36)", async () => {
    await reserve(master, "taken");
    const before = await everyRow(master);
    const error = await thrownBy(reserveTenant(master, reservation("taken", { stack: "prod.taken" }), RUN));
    expect([error.code, error.message]).toEqual([
      "E_ALREADY_PROVISIONED",
      "Tenant 'taken' is 'provisioning' and belongs to stack 'local.taken'; expected a free slug or stack 'prod.taken'.",
    ]);
    expect(await everyRow(master)).toBe(before);
  });

  test("of another tenant's host, database or secret is refused and writes nothing", async () => {
    await reserve(master, "owner");
    const before = await everyRow(master);
    const says = async (change: Parameters<typeof reservation>[1]) =>
      (await thrownBy(reserveTenant(master, reservation("thief", change), RUN))).message;
    expect(await says({ hosts: ["owner.tenants.test"] })).toBe(
      "Tenant 'thief': host 'owner.tenants.test' belongs to tenant 'owner' of stack 'local.owner'; expected a host of its own.",
    );
    expect(await says({ databaseName: "tenant_owner" })).toBe(
      "Tenant 'thief': database 'tenant_owner' belongs to tenant 'owner' of stack 'local.owner'; expected a name of its own.",
    );
    expect(await says({ secretName: "tenant-db-owner" })).toBe(
      "Tenant 'thief': secret 'tenant-db-owner' belongs to tenant 'owner' of stack 'local.owner'; expected a name of its own.",
    );
    expect(await everyRow(master)).toBe(before);
  });

  test("two tenants that want the same host at once: one gets it", async () => {
    const clients = await Promise.all([openMaster(url), openMaster(url)]);
    const results = await Promise.allSettled(
      clients.map((client, index) =>
        reserveTenant(
          client,
          reservation(`race-${index}`, { hosts: ["race.tenants.test", `r${index}.tenants.test`] }),
          RUN,
        ),
      ),
    );
    await Promise.all(clients.map(close));
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("after a failure it goes on with the same id", async () => {
    const { id } = await reserve(master, "failed");
    await recordFailure(master, id, "E_MIGRATIONS_FAILED", "0002_b.sql:4: no", RUN);
    expect(await readRecord(master, "failed")).toMatchObject({
      status: "provisioning_failed",
      statusCode: "E_MIGRATIONS_FAILED",
      statusReason: "0002_b.sql:4: no",
    });
    const { record, outcome } = await reserveTenant(master, reservation("failed"), RUN);
    expect([record.id, record.status, record.statusCode, outcome]).toEqual([
      id,
      "provisioning",
      null,
      "retried",
    ]);
    expect(await events("failed")).toEqual([
      "TENANT_RESERVED",
      "TENANT_PROVISIONING_FAILED",
      "TENANT_PROVISIONING_RETRIED",
    ]);
  });

  test("while a purge is unfinished is refused; after it there is a new life with a new id and the same hosts", async () => {
    const { id } = await reserve(master, "phoenix");
    await transition(master, id, "purging", RUN);
    const error = await thrownBy(reserveTenant(master, reservation("phoenix"), RUN));
    expect([error.code, error.message]).toEqual([
      "E_ILLEGAL_TRANSITION",
      "Tenant 'phoenix' is 'purging'; expected the purge to be finished before a new life.",
    ]);
    await writeTombstone(master, id, RUN);
    await writeTombstone(master, id, RUN);
    expect(await readHosts(master, id)).toEqual([]);
    const next = await reserve(master, "phoenix");
    expect(next.id).not.toBe(id);
    expect(await readHosts(master, next.id)).toEqual(["phoenix.tenants.test"]);
    expect((await readRecordById(master, id))?.status).toBe("purged");
    expect(await events("phoenix")).toEqual([
      "TENANT_RESERVED",
      "TENANT_PURGING",
      "TENANT_PURGED",
      "TENANT_RESERVED",
    ]);
  });

  test("a tombstone can't be written over a tenant that is not being purged", async () => {
    const { id } = await reserve(master, "alive");
    expect((await thrownBy(writeTombstone(master, id, RUN))).code).toBe("E_ILLEGAL_TRANSITION");
    expect(await readHosts(master, id)).toEqual(["alive.tenants.test"]);
  });
});

describe("changing a reservation", () => {
  test("writes hosts, retention and the purge's confirmation with their audit, and nothing when nothing changes", async () => {
    const { id } = await reserve(master, "change");
    const change = {
      hosts: ["change.tenants.test", "b.tenants.test"],
      isPurgeConfirmed: true,
      retentionDays: 7,
    };
    expect(await changeReservation(master, id, change, RUN)).toBe(true);
    expect(await readRecord(master, "change")).toMatchObject({ ...change, cacheEpoch: 1 });
    expect(await readHosts(master, id)).toEqual(["b.tenants.test", "change.tenants.test"]);
    expect(await events("change")).toEqual(["TENANT_RESERVED", "TENANT_PURGE_CONFIRMED", "TENANT_UPDATED"]);
    const before = await everyRow(master);
    expect(await changeReservation(master, id, change, RUN)).toBe(false);
    expect(await everyRow(master)).toBe(before);
  });
});

describe("a failure", () => {
  test("of a live tenant keeps its status and is told in the audit, without a secret", async () => {
    const { id } = await reserve(master, "live");
    await transition(master, id, "active", RUN);
    await recordFailure(master, id, "E_UNREACHABLE", "postgres://u:canary@h/d is away", RUN);
    expect((await readRecord(master, "live"))?.status).toBe("active");
    expect((await readAudit(master, "live")).at(-1)).toMatchObject({
      event: "TENANT_UPDATE_FAILED",
      details: { status: "active", code: "E_UNREACHABLE", reason: "postgres://*** is away" },
    });
  });
});

describe("the audit", () => {
  test("can't be changed or emptied, not even by its owner", async () => {
    for (const sql of [
      "UPDATE identity.tenant_audit SET slug = 'x'",
      "DELETE FROM identity.tenant_audit",
      "TRUNCATE identity.tenant_audit",
    ])
      expect((await thrownBy(master.query(sql))).message).toBe("identity.tenant_audit is append-only");
  });

  test("names a platform user instead of the OS user when there is one", async () => {
    const actor = { platformUserId: "pu-7", osUser: "ops" };
    await reserveTenant(master, reservation("named"), { runId: "r", actor });
    expect((await readAudit(master, "named"))[0]).toMatchObject({ platformUserId: "pu-7", osUser: null });
  });
});
