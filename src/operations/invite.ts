import { type Invite, inviteAdmin } from "../hooks/index.ts";
import { appendAudit } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, requireHoused } from "./housedTenant.ts";
import { type Delivery, deliverOutbox } from "./outbox.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** Whom {@link invite} invites. */
export interface InviteOptions {
  /** A further admin; default the first one, whom the entry names. */
  readonly email?: string;
  /** Withdraws a link that was sent and sends another. */
  readonly isRenewed: boolean;
}

/**
 * Sends an admin of an active tenant a one-time sign-in link: one that waits is tried at once, one that was sent stays unless
 * it is to be renewed. Throws `E_ILLEGAL_TRANSITION` for a tenant that isn't active.
 */
export async function invite(
  context: OperationContext,
  slug: string,
  options: InviteOptions,
): Promise<Invite & Delivery> {
  return withTenantHeld(context, slug, async () => {
    const record = await requireHoused(context, slug);
    if (record.status !== "active")
      throw new UserError(
        "E_ILLEGAL_TRANSITION",
        `Tenant '${slug}' is '${record.status}'; expected 'active': nobody could sign in.`,
      );
    const invited = await inviteInto(context, record, options);
    context.point("invite:released");
    const delivery = await deliverOutbox(context, { slugs: [slug], isImpatient: true });
    return { ...invited, ...delivery };
  });
}

async function inviteInto(
  { access, run }: OperationContext,
  { id: tenantId, slug, server, databaseName: database, roleName: role, hosts }: HousedTenant,
  { email, isRenewed }: InviteOptions,
): Promise<Invite> {
  const wish = { host: hosts[0] ?? "", isRenewed, ...(email === undefined ? {} : { email }) };
  return access.withDatabase({ server, database }, (client) =>
    access.withMaster(async (master) => {
      const invited = await inviteAdmin({ slug, client, role, master, tenantId }, wish);
      const { invitationId, recipient } = invited;
      if (invited.isNew)
        await appendAudit(master, { tenantId, slug }, "TENANT_INVITED", run, { invitationId, recipient });
      return invited;
    }),
  );
}
