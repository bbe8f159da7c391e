import { randomUUID } from "node:crypto";
import { type Client, withTransaction } from "../postgres/index.ts";
import {
  currentInvitation,
  holdInvitation,
  type Invited,
  lockRecordById,
  type OutboxRow,
  releaseInvitation,
  revokeInvitations,
} from "../registry/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { OWNERS_GROUP } from "../tenant/identitySeeds.ts";
import type { AdminContext } from "./admin.ts";
import { hashOfLink, INVITATION_DAYS, invitationLink, newToken } from "./invitation.ts";
import { inOwnTables } from "./ownTables.ts";
import { ensureTenantSchema } from "./tenantSchema.ts";

/** Whom to invite, and how. */
export interface InviteWish {
  /** The tenant's own host, where the link points. */
  readonly host: string;
  /** A further admin; without it the first one, whom the entry names. */
  readonly email?: string;
  /** Withdraws the link that was sent and makes another. */
  readonly isRenewed: boolean;
}

/** What is to be sent, or was. */
export interface Invite {
  readonly invitationId: string;
  readonly recipient: string;
  /** False when an invitation that still holds was there. */
  readonly isNew: boolean;
  /** Undefined until it was sent. */
  readonly sentAt?: Date;
}

/**
 * One living invitation of an admin, released. As in `adminHook`, the link is in master's outbox first and its hash in the
 * tenant's database second; a killed run is finished with the same link. A further admin is among the tenant's owners.
 */
export async function inviteAdmin(context: AdminContext, wish: InviteWish): Promise<Invite> {
  await ensureTenantSchema(context);
  const admin = await ensureAdmin(context, wish.email);
  const { invitation, isNew } = await ensureInvitation(context, wish, admin);
  await writeHash(context, admin.id, invitation);
  await releaseInvitation(context.master, invitation.id);
  const { id: invitationId, recipient, sentAt } = invitation;
  return { invitationId, recipient, isNew, ...(sentAt === null ? {} : { sentAt }) };
}

interface Admin {
  readonly id: string;
  readonly email: string;
  readonly invited: Invited;
}

const TABLES = ["admin", "invitation", "user_group", "group_member"] as const;

async function ensureAdmin(context: AdminContext, email: string | undefined): Promise<Admin> {
  const { client, role } = context;
  return inOwnTables(context, TABLES, "write", () => findOrMake(client, email), { role });
}

async function findOrMake(client: Client, email: string | undefined): Promise<Admin> {
  const condition = email === undefined ? "is_first" : "email = $1";
  const { rows } = await client.query(
    `SELECT id, email, is_first FROM tenantry.admin WHERE ${condition} ORDER BY is_first DESC LIMIT 1`,
    email === undefined ? [] : [email],
  );
  const [found] = rows;
  if (found !== undefined)
    return { id: found.id, email: found.email, invited: found.is_first ? "first" : { adminId: found.id } };
  if (email === undefined) throw new InternalError("the tenant's database has no first admin.");
  const id = randomUUID();
  await client.query("INSERT INTO tenantry.admin (id, is_first, email) VALUES ($1, false, $2)", [id, email]);
  await client.query(
    `INSERT INTO tenantry.group_member (group_id, admin_id)
     SELECT g.id, $1 FROM tenantry.user_group g WHERE g.seed_key = $2`,
    [id, OWNERS_GROUP],
  );
  return { id, email, invited: { adminId: id } };
}

/** The record's row makes runs wait for each other. */
async function ensureInvitation(
  { master, tenantId }: AdminContext,
  { host, isRenewed }: InviteWish,
  { email, invited }: Admin,
): Promise<{ readonly invitation: OutboxRow; readonly isNew: boolean }> {
  return withTransaction(master, async () => {
    if ((await lockRecordById(master, tenantId)) === undefined)
      throw new InternalError(`no record has the id '${tenantId}'`);
    const current = await currentInvitation(master, tenantId, invited);
    // One that was never sent may still be held: it is the one to send.
    const isGood = current?.recipient === email && (!isRenewed || current.sentAt === null);
    if (current !== undefined && isGood) return { invitation: current, isNew: false };
    await revokeInvitations(master, tenantId, invited);
    const link = invitationLink(host, newToken());
    await holdInvitation(master, { id: randomUUID(), tenantId, recipient: email, link, invited });
    const invitation = (await currentInvitation(master, tenantId, invited)) as OutboxRow;
    return { invitation, isNew: true };
  });
}

async function writeHash(context: AdminContext, adminId: string, invitation: OutboxRow): Promise<void> {
  const { client, role } = context;
  const body = async () => {
    await client.query(
      "UPDATE tenantry.invitation SET revoked_at = now() WHERE admin_id = $1 AND id <> $2 AND revoked_at IS NULL",
      [adminId, invitation.id],
    );
    await client.query(
      `INSERT INTO tenantry.invitation (id, admin_id, token_hash, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(days => $4)) ON CONFLICT (id) DO NOTHING`,
      [invitation.id, adminId, hashOfLink(invitation.link), INVITATION_DAYS],
    );
  };
  await inOwnTables(context, ["admin", "invitation"], "write", body, { role });
}
