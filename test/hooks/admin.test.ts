import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AdminContext, adminHook } from "../../src/hooks/index.ts";
import { hashOfLink } from "../../src/hooks/invitation.ts";
import { type Client, close, type TenantDatabase } from "../../src/postgres/index.ts";
import { currentInvitation, releaseInvitation, type TenantRow } from "../../src/registry/index.ts";
import { everyRow as everyMasterRow, makeMaster, openMaster, reserve } from "../registry/support.ts";
import {
  everyRow,
  type HookServer,
  killHard,
  spawnScript,
  startHookServer,
  tenTimes,
  untilBlocked,
} from "./support.ts";

let fixture: HookServer;
let masterUrl: string;
let master: Client;

beforeAll(async () => {
  fixture = await startHookServer();
  masterUrl = await makeMaster(fixture.server.adminUrl, "master");
  master = await openMaster(masterUrl);
});

afterAll(async () => {
  await close(master);
  await fixture.stop();
});

const INPUTS = { email: "admin@acme.example", host: "acme.tenants.test" };

interface Scene {
  readonly tenant: TenantDatabase;
  readonly record: TenantRow;
  readonly context: AdminContext;
}

async function prepare(slug: string): Promise<Scene> {
  const tenant = await fixture.provision(slug);
  const record = await reserve(master, slug);
  const context = { ...(await fixture.open(tenant)), tenantId: record.id, master };
  return { tenant, record, context };
}

const admins = async ({ client }: AdminContext) =>
  (await client.query("SELECT id, email, must_reset_password AS reset FROM tenantry.admin")).rows;
const invitations = async ({ client }: AdminContext) =>
  (
    await client.query(
      "SELECT id, token_hash AS hash, revoked_at IS NULL AS live, expires_at > now() + interval '6 days' AS long FROM tenantry.invitation ORDER BY created_at",
    )
  ).rows;
const outbox = async ({ tenantId }: AdminContext) =>
  (
    await master.query(
      "SELECT id, recipient, released_at AS released, revoked_at IS NULL AS live FROM identity.outbox WHERE tenant_id = $1 ORDER BY created_at",
      [tenantId],
    )
  ).rows;

describe("the admin", () => {
  test("is seeded with a forced reset, a held link in master and its hash in the tenant's database", async () => {
    const { context } = await prepare("seeded");
    expect(adminHook.plan(INPUTS, await adminHook.observe(context))).toBe("seed");
    const outcome = await adminHook.apply(context, INPUTS);
    const invitation = await currentInvitation(master, context.tenantId);
    expect(outcome).toEqual({ adminId: expect.any(String), invitationId: invitation?.id, hasChanged: true });
    expect(invitation?.link).toMatch(/^https:\/\/acme\.tenants\.test\/invitation\/[A-Za-z0-9_-]{43}$/);
    expect(await admins(context)).toEqual([{ id: outcome.adminId, email: INPUTS.email, reset: true }]);
    expect(await invitations(context)).toEqual([
      { id: outcome.invitationId, hash: hashOfLink(invitation?.link ?? ""), live: true, long: true },
    ]);
    expect(await outbox(context)).toEqual([
      { id: outcome.invitationId, recipient: INPUTS.email, released: null, live: true },
    ]);
    await close(context.client);
  });

  test("a second and a third run write nothing, also after the admin has signed in (F35)", async () => {
    const { context } = await prepare("again");
    const { adminId, invitationId } = await adminHook.apply(context, INPUTS);
    await releaseInvitation(master, invitationId);
    await context.client.query(
      "UPDATE tenantry.admin SET must_reset_password = false; UPDATE tenantry.invitation SET used_at = now()",
    );
    const before = [await everyRow(context.client), await everyMasterRow(master)];
    for (let round = 0; round < 2; round += 1)
      expect(await adminHook.apply(context, INPUTS)).toEqual({ adminId, invitationId, hasChanged: false });
    expect([await everyRow(context.client), await everyMasterRow(master)]).toEqual(before);
    await close(context.client);
  });

  test("from ten connections at once there is one admin and one invitation", async () => {
    const { tenant, record, context } = await prepare("ten");
    const outcomes = await tenTimes(
      () => fixture.open(tenant),
      async (one) => {
        const own = await openMaster(masterUrl);
        const outcome = await adminHook.apply({ ...one, tenantId: record.id, master: own }, INPUTS);
        await close(own);
        return `${outcome.adminId} ${outcome.invitationId}`;
      },
    );
    expect(new Set(outcomes).size).toBe(1);
    expect(await admins(context)).toHaveLength(1);
    expect(await invitations(context)).toHaveLength(1);
    expect(await outbox(context)).toHaveLength(1);
    await close(context.client);
  });

  test("killed between master and tenant, the next run finishes with the same link (F35)", async () => {
    const { tenant, record, context } = await prepare("killed");
    const holder = await fixture.open(tenant);
    // Reads go on; only the write inside the tenant waits, after master was written.
    await holder.client.query("BEGIN; LOCK TABLE tenantry.admin IN SHARE ROW EXCLUSIVE MODE");
    const child = spawnScript(
      `import { adminHook } from "./src/hooks/index.ts";
       import { connect } from "./src/postgres/index.ts";
       const options = { applicationName: "doomed" };
       const [client, master] = [await connect(process.env.TENANT_URL, options), await connect(process.env.MASTER_URL, options)];
       const context = { slug: "killed", client, role: process.env.ROLE, tenantId: process.env.TENANT_ID, master };
       await adminHook.apply(context, ${JSON.stringify(INPUTS)});`,
      {
        TENANT_URL: new URL(`/${tenant.database}`, fixture.server.adminUrl).href,
        MASTER_URL: masterUrl,
        ROLE: tenant.role,
        TENANT_ID: record.id,
      },
    );
    await untilBlocked(fixture.root.client, "doomed");
    await killHard(child);
    await holder.client.query("ROLLBACK");
    const [held] = await outbox(context);
    expect(held).toMatchObject({ recipient: INPUTS.email, released: null, live: true });
    expect(adminHook.plan(INPUTS, await adminHook.observe(context))).toBe("seed");
    const outcome = await adminHook.apply(context, INPUTS);
    expect(outcome.invitationId).toBe(held.id);
    expect(await admins(context)).toHaveLength(1);
    expect(await invitations(context)).toHaveLength(1);
    expect(await outbox(context)).toHaveLength(1);
    await Promise.all([context, holder].map(({ client }) => close(client)));
  });

  test("a changed email keeps the row, forces a reset again, makes a new link and kills the old one in both places", async () => {
    const { context } = await prepare("mail");
    const first = await adminHook.apply(context, INPUTS);
    await releaseInvitation(master, first.invitationId);
    await context.client.query("UPDATE tenantry.admin SET must_reset_password = false");
    const inputs = { ...INPUTS, email: "new@acme.example" };
    expect(adminHook.plan(inputs, await adminHook.observe(context))).toBe("change-email");
    const second = await adminHook.apply(context, inputs);
    expect(second.adminId).toBe(first.adminId);
    expect(await admins(context)).toEqual([{ id: first.adminId, email: "new@acme.example", reset: true }]);
    expect((await invitations(context)).map(({ id, live }) => [id, live])).toEqual([
      [first.invitationId, false],
      [second.invitationId, true],
    ]);
    expect((await outbox(context)).map(({ id, recipient, live }) => [id, recipient, live])).toEqual([
      [first.invitationId, INPUTS.email, false],
      [second.invitationId, "new@acme.example", true],
    ]);
    expect((await adminHook.apply(context, inputs)).hasChanged).toBe(false);
    await close(context.client);
  });

  test("a row that somebody removed is drift: planned and seeded again with the same link", async () => {
    const { context } = await prepare("drift");
    const first = await adminHook.apply(context, INPUTS);
    await context.client.query("DELETE FROM tenantry.admin");
    expect(adminHook.plan(INPUTS, await adminHook.observe(context))).toBe("seed");
    const second = await adminHook.apply(context, INPUTS);
    expect(second.invitationId).toBe(first.invitationId);
    expect(await invitations(context)).toHaveLength(1);
    await close(context.client);
  });

  test("removal withdraws what waits in the outbox", async () => {
    const { context } = await prepare("removed");
    await adminHook.apply(context, INPUTS);
    await adminHook.remove(context);
    await adminHook.remove(context);
    expect((await outbox(context)).map(({ live }) => live)).toEqual([false]);
    await close(context.client);
  });
});
