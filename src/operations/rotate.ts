import { withProvenLogin } from "../access/index.ts";
import { beginRotation, endRotation, type TenantRow } from "../registry/index.ts";
import { applyStack } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { requireLiving } from "./livingTenant.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** What came of {@link rotate}. */
export interface Rotated {
  readonly slug: string;
  /** How many passwords were made after the first. */
  readonly rotation: number;
  /** Whether the vault's new value logged in; a suspended tenant's role may not, and is proven when it resumes. */
  readonly isProven: boolean;
}

/**
 * Gives a tenant a new password: a number in master grows, and the stack's own run makes password, secret version and the role's
 * verifier from it, so that state, vault and server stay one. Sessions that are open live on. Cut off anywhere, the same again
 * goes on with the same number. Throws `E_ILLEGAL_TRANSITION` unless it is active or suspended, `E_SECRET_MISMATCH`.
 */
export async function rotate(context: OperationContext, slug: string): Promise<Rotated> {
  return withTenantHeld(context, slug, async (hold) => {
    const record = await requireLiving(context, slug);
    const rotation = await context.access.withMaster((client) => beginRotation(client, record.id));
    context.note(`password ${rotation + 1} of this tenant: secret first, then the role`);
    context.point("rotate:begun");
    await applyStack(context, slug, hold);
    context.point("rotate:applied");
    const isProven = await prove(record, context);
    await context.access.withMaster((client) =>
      endRotation(client, { tenantId: record.id, slug }, rotation, context.run),
    );
    return { slug, rotation, isProven };
  });
}

async function prove(record: TenantRow, { access, note }: OperationContext): Promise<boolean> {
  const { slug, secretName, databaseName: database, roleName: role, server, status } = record;
  if (status === "suspended") {
    note("not proven by a login: the tenant is suspended and its role may not log in");
    return false;
  }
  const place = { slug, secretName, server: server ?? "", database, role };
  await withProvenLogin(place, access, async () => undefined);
  note("the vault's value logs in");
  return true;
}
