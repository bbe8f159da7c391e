import { writeOperators } from "../hooks/index.ts";
import { withTransaction } from "../postgres/index.ts";
import {
  appendAudit,
  listOperatorGrants,
  type OperatorGrant,
  removeOperatorGrant,
  upsertOperatorGrant,
} from "../registry/index.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, requireHoused } from "./housedTenant.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** What came of {@link grant}. */
export interface Granted {
  /** Whether master or the tenant's database didn't say so yet. */
  readonly hasChanged: boolean;
  /** Everybody who is let in from now on. */
  readonly operators: readonly OperatorGrant[];
}

/** Lets an operator of the platform into a tenant with one of its roles; again with another role changes that. */
export async function grant(context: OperationContext, slug: string, wish: OperatorGrant): Promise<Granted> {
  return changeGrants(context, slug, async (record) =>
    context.access.withMaster((client) =>
      withTransaction(client, async () => {
        const hasChanged = await upsertOperatorGrant(client, record.id, wish);
        const subject = { tenantId: record.id, slug };
        if (hasChanged)
          await appendAudit(client, subject, "TENANT_OPERATOR_GRANTED", context.run, { ...wish });
        return hasChanged;
      }),
    ),
  );
}

/** Takes it back. */
export async function revokeGrant(
  context: OperationContext,
  slug: string,
  operator: string,
): Promise<Granted> {
  return changeGrants(context, slug, async (record) =>
    context.access.withMaster((client) =>
      withTransaction(client, async () => {
        const hasChanged = await removeOperatorGrant(client, record.id, operator);
        const subject = { tenantId: record.id, slug };
        if (hasChanged)
          await appendAudit(client, subject, "TENANT_OPERATOR_REVOKED", context.run, { operator });
        return hasChanged;
      }),
    ),
  );
}

/** Master first, with its audit: nobody is in a tenant without a row that says so. A killed run is finished by the next. */
async function changeGrants(
  context: OperationContext,
  slug: string,
  change: (record: HousedTenant) => Promise<boolean>,
): Promise<Granted> {
  return withTenantHeld(context, slug, async () => {
    const record = await requireHoused(context, slug);
    const isNews = await change(record);
    context.point("grant:recorded");
    const { operators, changed } = await writeGrants(context, record);
    return { hasChanged: isNews || changed > 0, operators };
  });
}

/** Makes the tenant's database know the operators that master knows: after a restore it knows those of then. */
export async function regrantOperators(
  context: OperationContext,
  slug: string,
): Promise<readonly OperatorGrant[]> {
  return (await writeGrants(context, await requireHoused(context, slug))).operators;
}

async function writeGrants(
  { access }: OperationContext,
  { id, slug, server, databaseName: database, roleName: role }: HousedTenant,
): Promise<{ readonly operators: readonly OperatorGrant[]; readonly changed: number }> {
  const operators = await access.withMaster((client) => listOperatorGrants(client, id));
  const changed = await access.withDatabase({ server, database }, (client) =>
    writeOperators({ slug, client, role }, operators),
  );
  return { operators, changed };
}
