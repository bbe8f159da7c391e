import type { Queryable } from "../postgres/index.ts";

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
}

/** Puts an invitation into the outbox, held: nobody sends it before `releaseInvitation`. */
export async function holdInvitation(client: Queryable, invitation: HeldInvitation): Promise<void> {
  await client.query(
    `INSERT INTO identity.outbox (id, tenant_id, kind, recipient, payload)
     VALUES ($1, $2, 'invitation', $3, jsonb_build_object('link', $4::text))`,
    [invitation.id, invitation.tenantId, invitation.recipient, invitation.link],
  );
}

/** The tenant's invitation that isn't revoked, newest first; undefined for none. */
export async function currentInvitation(client: Queryable, tenantId: string): Promise<OutboxRow | undefined> {
  const { rows } = await client.query(
    `SELECT id, recipient, payload->>'link' AS link, released_at AS "releasedAt", revoked_at AS "revokedAt",
            sent_at AS "sentAt"
       FROM identity.outbox WHERE tenant_id = $1 AND kind = 'invitation' AND revoked_at IS NULL
      ORDER BY created_at DESC, id LIMIT 1`,
    [tenantId],
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

/** Withdraws every invitation of a tenant but `exceptId`; answers their ids. */
export async function revokeInvitations(
  client: Queryable,
  tenantId: string,
  exceptId?: string,
): Promise<readonly string[]> {
  const { rows } = await client.query(
    `UPDATE identity.outbox SET revoked_at = now()
      WHERE tenant_id = $1 AND kind = 'invitation' AND revoked_at IS NULL AND ($2::uuid IS NULL OR id <> $2)
      RETURNING id`,
    [tenantId, exceptId ?? null],
  );
  return rows.map((row) => row.id);
}
