import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close } from "../../src/postgres/index.ts";
import {
  currentInvitation,
  holdInvitation,
  readAudit,
  readOrganization,
  readPhases,
  readRecord,
  recordPhase,
  register,
  type TenantRow,
  transition,
} from "../../src/registry/index.ts";
import { PHASES } from "../../src/tenant/phases.ts";
import { thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { everyRow, makeMaster, openMaster, RUN, registration, reserve } from "./support.ts";

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

async function invite(record: TenantRow): Promise<string> {
  const id = randomUUID();
  await holdInvitation(master, {
    id,
    tenantId: record.id,
    recipient: "admin@acme.example",
    link: "https://x/1",
  });
  return id;
}

const last = async (slug: string) => (await readAudit(master, slug)).at(-1);

describe("a first registration", () => {
  test("makes organization, columns, status, audit, phases and releases the invitation, all at once", async () => {
    const record = await reserve(master, "acme");
    const invitationId = await invite(record);
    const result = await register(master, registration(record, { invitationId }), RUN);
    expect(result).toEqual({ outcome: "registered", changes: {} });
    expect(await readRecord(master, "acme")).toMatchObject({
      status: "active",
      displayName: "Acme Health",
      legalName: "Acme Health Incorporated",
      adminEmail: "admin@acme.example",
      plan: "trial",
      labels: { tier: "pilot" },
      settings: { model: { value: "gpt-4o-mini", source: "plan" } },
    });
    expect(await readOrganization(master, record.id)).toEqual({ id: record.id, name: "Acme Health" });
    expect((await currentInvitation(master, record.id))?.releasedAt).toBeInstanceOf(Date);
    expect((await readPhases(master, record.id)).map((row) => [row.runId, row.phase])).toEqual([
      ["run-1", "master_registered"],
      ["run-1", "complete"],
    ]);
    expect(await last("acme")).toMatchObject({
      event: "TENANT_PROVISIONED",
      osUser: "ops",
      gitCommit: "abc123",
      details: {
        from: "provisioning",
        to: "active",
        database: "tenant_acme",
        hosts: ["acme.tenants.test"],
        plan: "trial",
      },
    });
  });

  test("again writes nothing at all", async () => {
    const record = await reserve(master, "twice");
    await register(master, registration(record), RUN);
    const before = await everyRow(master);
    expect(await register(master, registration(record), { ...RUN, runId: "run-2" })).toEqual({
      outcome: "unchanged",
      changes: {},
    });
    expect(await everyRow(master)).toBe(before);
  });

  test("by ten runs at once is one registration (F35)", async () => {
    const record = await reserve(master, "ten");
    const clients = await Promise.all(Array.from({ length: 10 }, () => openMaster(url)));
    const outcomes = await Promise.all(clients.map((client) => register(client, registration(record), RUN)));
    await Promise.all(clients.map(close));
    expect(outcomes.filter(({ outcome }) => outcome === "registered")).toHaveLength(1);
    expect((await readAudit(master, "ten")).map((row) => row.event)).toEqual([
      "TENANT_RESERVED",
      "TENANT_PROVISIONED",
    ]);
  });

  test("that is cut off before its commit has done nothing", async () => {
    const record = await reserve(master, "cut");
    const invitationId = await invite(record);
    const before = await everyRow(master);
    const doomed = await openMaster(url);
    const { pid } = (await doomed.query("SELECT pg_backend_pid() AS pid")).rows[0];
    // Waits for the organization's row that another transaction holds, in the middle of registering.
    await master.query(
      "BEGIN; INSERT INTO identity.organization (id, slug, name) VALUES ($1, 'x', 'x')".replace(
        "$1",
        `'${record.id}'`,
      ),
    );
    const dying = thrownBy(register(doomed, registration(record, { invitationId }), RUN));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await master.query("SELECT pg_terminate_backend($1)", [pid]);
    await dying;
    await master.query("ROLLBACK");
    expect(await everyRow(master)).toBe(before);
    expect((await register(master, registration(record, { invitationId }), RUN)).outcome).toBe("registered");
  });

  test("with 'suspended' passes through active, keeping the reason", async () => {
    const record = await reserve(master, "sleepy");
    await register(master, registration(record, { status: "suspended", suspendReason: "unpaid" }), RUN);
    expect((await readAudit(master, "sleepy")).map((row) => row.event)).toEqual([
      "TENANT_RESERVED",
      "TENANT_PROVISIONED",
      "TENANT_SUSPENDED",
    ]);
    expect(await readRecord(master, "sleepy")).toMatchObject({
      status: "suspended",
      statusReason: "unpaid",
      activeAt: expect.any(Date),
    });
  });

  test("of a host that belongs to another tenant is refused and leaves no trace", async () => {
    const record = await reserve(master, "rob");
    const before = await everyRow(master);
    const error = await thrownBy(
      register(master, registration(record, { hosts: [...record.hosts, "acme.tenants.test"] }), RUN),
    );
    expect(error.code).toBe("E_ALREADY_PROVISIONED");
    expect(await everyRow(master)).toBe(before);
  });
});

describe("an update", () => {
  test("tells old and new of exactly the changed fields, and the organization's name follows", async () => {
    const record = await reserve(master, "upd");
    await register(master, registration(record), RUN);
    const changed = registration(record, {
      displayName: "Upd Clinics",
      plan: "standard",
      settings: { model: { value: "gpt-4o", source: "tenant" } },
    });
    const { outcome, changes } = await register(master, changed, { ...RUN, runId: "run-2" });
    expect(outcome).toBe("updated");
    const expected = {
      displayName: { old: "Acme Health", new: "Upd Clinics" },
      plan: { old: "trial", new: "standard" },
      settings: {
        old: { model: { value: "gpt-4o-mini", source: "plan" } },
        new: { model: { value: "gpt-4o", source: "tenant" } },
      },
    };
    expect(changes).toEqual(expected);
    expect(await last("upd")).toMatchObject({ event: "TENANT_UPDATED", details: { changes: expected } });
    expect((await readOrganization(master, record.id))?.name).toBe("Upd Clinics");
    expect((await readRecord(master, "upd"))?.cacheEpoch).toBe(3);
    expect((await readPhases(master, record.id)).filter((row) => row.runId === "run-2")).toHaveLength(2);
  });

  test("suspends, changes the reason, resumes, deletes and undeletes, each with its row", async () => {
    const record = await reserve(master, "life");
    const walk: Parameters<typeof registration>[1][] = [
      { status: "active" },
      { status: "suspended", suspendReason: "unpaid" },
      { status: "suspended", suspendReason: "fraud" },
      { status: "active" },
      { status: "deleted" },
      { status: "suspended", suspendReason: "audit" },
      { status: "deleted" },
      { status: "active" },
    ];
    for (const change of walk) await register(master, registration(record, change), RUN);
    expect((await readAudit(master, "life")).map((row) => row.event)).toEqual([
      "TENANT_RESERVED",
      "TENANT_PROVISIONED",
      "TENANT_SUSPENDED",
      "TENANT_UPDATED",
      "TENANT_RESUMED",
      "TENANT_DELETING",
      "TENANT_DELETED",
      "TENANT_UNDELETED",
      "TENANT_DELETING",
      "TENANT_DELETED",
      "TENANT_UNDELETED",
    ]);
    expect(await readRecord(master, "life")).toMatchObject({ status: "active", statusReason: null });
  });

  test("retention counts from the last delete", async () => {
    const record = await reserve(master, "lastdel");
    await register(master, registration(record, { status: "deleted" }), RUN);
    const first = (await readRecord(master, "lastdel"))?.deletedAt;
    await register(master, registration(record), RUN);
    await register(master, registration(record, { status: "deleted" }), RUN);
    expect((await readRecord(master, "lastdel"))?.deletedAt?.getTime()).toBeGreaterThan(
      first?.getTime() ?? 0,
    );
  });

  test("of a tenant that is being purged is refused", async () => {
    const record = await reserve(master, "gone");
    await transition(master, record.id, "purging", RUN);
    expect((await thrownBy(register(master, registration(record), RUN))).message).toBe(
      "Tenant 'gone' is 'purging' and can't become 'active'; expected 'purged'.",
    );
  });
});

describe("phases", () => {
  test("are kept once a run, in the order they were reached", async () => {
    const record = await reserve(master, "phases");
    for (const phase of [...PHASES, ...PHASES]) await recordPhase(master, record.id, phase, RUN);
    expect((await readPhases(master, record.id)).map((row) => row.phase)).toEqual([...PHASES]);
  });
});
