import type { Queryable } from "../postgres/index.ts";
import { nextRetryAt } from "./retrySchedule.ts";

/** A mail that waits. The link is a secret until it is used, revoked or expired: never log it. */
export interface OutboxRow {
  readonly id: string;
  readonly recipient: string;
  readonly link: string;
  readonly releasedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly sentAt: Date | null;
}

export interface HeldInvitation {
  /** Also the id of the invitation in the tenant's database. */
  readonly id: string;
  readonly tenantId: string;
  readonly recipient: string;
  readonly link: string;
  /** Default the first admin. */
  readonly invited?: Invited;
}

/** Puts an invitation into the outbox, held: nobody sends it before `releaseInvitation`. */
export async function holdInvitation(client: Queryable, invitation: HeldInvitation): Promise<void> {
  await client.query(
    `INSERT INTO identity.outbox (id, tenant_id, kind, recipient, payload)
     VALUES ($1, $2, 'invitation', $3, jsonb_strip_nulls(jsonb_build_object('link', $4::text, 'adminId', $5::text)))`,
    [
      invitation.id,
      invitation.tenantId,
      invitation.recipient,
      invitation.link,
      adminIdOf(invitation.invited ?? "first"),
    ],
  );
}

/** Whose invitation: the first admin's, whom the entry names, or that of a further one by id. */
export type Invited = "first" | { readonly adminId: string };

/** The invitation that isn't revoked, newest first; undefined for none. */
export async function currentInvitation(
  client: Queryable,
  tenantId: string,
  invited: Invited = "first",
): Promise<OutboxRow | undefined> {
  const { rows } = await client.query(
    `SELECT id, recipient, payload->>'link' AS link, released_at AS "releasedAt", revoked_at AS "revokedAt",
            sent_at AS "sentAt"
       FROM identity.outbox WHERE tenant_id = $1 AND kind = 'invitation' AND revoked_at IS NULL
        AND payload->>'adminId' IS NOT DISTINCT FROM $2::text
      ORDER BY created_at DESC, id LIMIT 1`,
    [tenantId, adminIdOf(invited)],
  );
  return rows[0];
}

/** Lets an invitation go; answers false when it was released, revoked or isn't there. */
export async function releaseInvitation(client: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "UPDATE identity.outbox SET released_at = now() WHERE id = $1 AND released_at IS NULL AND revoked_at IS NULL",
    [id],
  );
  return rowCount === 1;
}

/** Withdraws every invitation of a tenant, or of one admin alone; answers their ids. */
export async function revokeInvitations(
  client: Queryable,
  tenantId: string,
  invited: Invited | "everybody" = "everybody",
): Promise<readonly string[]> {
  const { rows } = await client.query(
    `UPDATE identity.outbox SET revoked_at = now()
      WHERE tenant_id = $1 AND kind = 'invitation' AND revoked_at IS NULL
        AND ($2 OR payload->>'adminId' IS NOT DISTINCT FROM $3::text)
      RETURNING id`,
    [tenantId, invited === "everybody", invited === "everybody" ? null : adminIdOf(invited)],
  );
  return rows.map((row) => row.id);
}

/** A mail that is to be sent. The link is a secret: never log it. */
export interface WaitingMail {
  readonly id: string;
  readonly slug: string;
  readonly displayName: string;
  readonly recipient: string;
  readonly link: string;
  readonly attempts: number;
  readonly lastAttemptAt: Date | null;
}

/** Released mails that were neither sent nor withdrawn, oldest first; of these tenants only, where some are named. */
export async function listWaitingMails(
  client: Queryable,
  slugs?: readonly string[],
): Promise<readonly WaitingMail[]> {
  const { rows } = await client.query(
    `SELECT o.id, t.slug, coalesce(t.display_name, t.slug) AS "displayName", o.recipient, o.payload->>'link' AS link,
            o.attempts, o.last_attempt_at AS "lastAttemptAt"
       FROM identity.outbox o JOIN identity.tenant t ON t.id = o.tenant_id
      WHERE o.released_at IS NOT NULL AND o.sent_at IS NULL AND o.revoked_at IS NULL AND t.status IN ('active', 'suspended')
        AND ($1::text[] IS NULL OR t.slug = ANY ($1)) ORDER BY o.released_at, o.id`,
    [slugs ?? null],
  );
  return rows;
}

/** When a mail may be tried next: at once, later, or, after enough tries, not by itself. Pure. */
export function nextDelivery(
  { attempts, lastAttemptAt }: Pick<WaitingMail, "attempts" | "lastAttemptAt">,
  now: Date,
): Date | undefined {
  return attempts === 0 || lastAttemptAt === null ? now : nextRetryAt(lastAttemptAt, attempts - 1);
}

/** Takes a mail for this transaction; false when it was sent or withdrawn, or another run has it. */
export async function claimMail(client: Queryable, id: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM identity.outbox WHERE id = $1 AND sent_at IS NULL AND revoked_at IS NULL FOR UPDATE SKIP LOCKED`,
    [id],
  );
  return rows.length === 1;
}

/** Notes what became of a try; `error` in words without a secret, undefined when it was sent. */
export async function noteDelivery(client: Queryable, id: string, error?: string): Promise<void> {
  await client.query(
    `UPDATE identity.outbox SET attempts = attempts + 1, last_attempt_at = clock_timestamp(), last_error = $2,
            sent_at = CASE WHEN $2::text IS NULL THEN clock_timestamp() END WHERE id = $1`,
    [id, error ?? null],
  );
}

function adminIdOf(invited: Invited): string | null {
  return invited === "first" ? null : invited.adminId;
}
