import { randomUUID } from "node:crypto";
import { type Client, withTransaction } from "../postgres/index.ts";
import {
  currentInvitation,
  holdInvitation,
  lockRecordById,
  type OutboxRow,
  revokeInvitations,
} from "../registry/index.ts";
import { InternalError } from "../tenant/errors.ts";
import type { Hook } from "./hook.ts";
import { hashOfLink, INVITATION_DAYS, invitationLink, newToken } from "./invitation.ts";
import { inOwnTables } from "./ownTables.ts";
import type { TenantContext } from "./tenantContext.ts";
import { ensureTenantSchema } from "./tenantSchema.ts";

export interface AdminContext extends TenantContext {
  readonly tenantId: string;
  /** Read-write connection to master. */
  readonly master: Client;
}

export interface AdminInputs {
  readonly email: string;
  /** The tenant's own host, where the link points. */
  readonly host: string;
}

/** What the two databases say; empty texts for nothing. */
export interface ObservedAdmin {
  readonly adminId: string;
  readonly email: string;
  /** Live invitation in master's outbox, and whom it is for. */
  readonly invitationId: string;
  readonly recipient: string;
  /** The tenant's database knows that invitation. */
  readonly isInvitationKnown: boolean;
}

export type AdminPlan = "nothing" | "seed" | "change-email" | "finish";

export interface AdminOutcome {
  readonly adminId: string;
  readonly invitationId: string;
  readonly hasChanged: boolean;
}

/**
 * The first admin with a forced reset, and a one-time link held in master's outbox until Registration releases it. The
 * link is written to master first and its hash to the tenant second, so a killed run is finished with the same link.
 * Another email keeps the admin's row, revokes the old link in both places and makes a new one.
 */
export const adminHook: Hook<AdminContext, AdminInputs, ObservedAdmin, AdminPlan, AdminOutcome> = {
  name: "admin",
  observe,
  plan,
  apply,
  remove: async ({ master, tenantId }) => {
    await revokeInvitations(master, tenantId);
  },
};

async function observe(context: AdminContext): Promise<ObservedAdmin> {
  const invitation = await currentInvitation(context.master, context.tenantId);
  const inside = await observeInside(context, invitation?.id);
  return { ...inside, invitationId: invitation?.id ?? "", recipient: invitation?.recipient ?? "" };
}

type Inside = Pick<ObservedAdmin, "adminId" | "email" | "isInvitationKnown">;

async function observeInside(context: TenantContext, invitationId: string | undefined): Promise<Inside> {
  const body = () => selectInside(context.client, invitationId);
  return inOwnTables(context, ["admin", "invitation"], "read", body, { isReadOnly: true });
}

async function selectInside(client: Client, invitationId: string | undefined): Promise<Inside> {
  const { rows: found } = await client.query(
    "SELECT to_regclass('tenantry.invitation') IS NOT NULL AS is_there",
  );
  if (found[0].is_there !== true) return { adminId: "", email: "", isInvitationKnown: false };
  const { rows } = await client.query(
    `SELECT id, email, EXISTS (SELECT FROM tenantry.invitation WHERE id = $1 AND revoked_at IS NULL) AS is_known
       FROM tenantry.admin WHERE is_first`,
    [invitationId ?? null],
  );
  const [row] = rows;
  return { adminId: row?.id ?? "", email: row?.email ?? "", isInvitationKnown: row?.is_known ?? false };
}

function plan(inputs: AdminInputs, observed: ObservedAdmin): AdminPlan {
  if (observed.adminId === "") return "seed";
  if (observed.email !== inputs.email) return "change-email";
  return observed.recipient === inputs.email && observed.isInvitationKnown ? "nothing" : "finish";
}

async function apply(context: AdminContext, inputs: AdminInputs): Promise<AdminOutcome> {
  const before = await observe(context);
  if (plan(inputs, before) === "nothing")
    return { adminId: before.adminId, invitationId: before.invitationId, hasChanged: false };
  await ensureTenantSchema(context);
  const invitation = await ensureHeld(context, inputs);
  const adminId = await writeInside(context, inputs, invitation);
  return { adminId, invitationId: invitation.id, hasChanged: true };
}

/** The live invitation for this email; revokes another's. The record's row makes runs wait for each other. */
async function ensureHeld(context: AdminContext, inputs: AdminInputs): Promise<OutboxRow> {
  const { master, tenantId } = context;
  return withTransaction(master, async () => {
    const record = await lockRecordById(master, tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    const current = await currentInvitation(master, tenantId);
    if (current?.recipient === inputs.email) return current;
    await revokeInvitations(master, tenantId, "first");
    const link = invitationLink(inputs.host, newToken());
    await holdInvitation(master, { id: randomUUID(), tenantId, recipient: inputs.email, link });
    return (await currentInvitation(master, tenantId)) as OutboxRow;
  });
}

/** Admin and invitation in one transaction; nobody else writes them meanwhile. */
async function writeInside(
  context: TenantContext,
  inputs: AdminInputs,
  invitation: OutboxRow,
): Promise<string> {
  const { client, role } = context;
  const body = async () => {
    const adminId = await upsertAdmin(client, inputs.email);
    await client.query(
      "UPDATE tenantry.invitation SET revoked_at = now() WHERE admin_id = $1 AND id <> $2 AND revoked_at IS NULL",
      [adminId, invitation.id],
    );
    await client.query(
      `INSERT INTO tenantry.invitation (id, admin_id, token_hash, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(days => $4)) ON CONFLICT (id) DO NOTHING`,
      [invitation.id, adminId, hashOfLink(invitation.link), INVITATION_DAYS],
    );
    return adminId;
  };
  return inOwnTables(context, ["admin", "invitation"], "write", body, { role });
}

/** The row of the first admin; another email keeps its id and forces a reset. */
async function upsertAdmin(client: Client, email: string): Promise<string> {
  const { rows } = await client.query(
    `INSERT INTO tenantry.admin AS a (id, email) VALUES ($1, $2)
     ON CONFLICT (is_first) WHERE is_first DO UPDATE
        SET email = $2, updated_at = CASE WHEN a.email = $2 THEN a.updated_at ELSE now() END,
            must_reset_password = a.must_reset_password OR a.email <> $2
     RETURNING id`,
    [randomUUID(), email],
  );
  return rows[0].id;
}
