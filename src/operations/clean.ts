import type { StackHold } from "../deploy/index.ts";
import { ensureTenantTemplate, loadMigrations } from "../hooks/index.ts";
import {
  dropDatabase,
  ensureTenantDatabase,
  filesUpTo,
  tenantLockKey,
  withAdvisoryLock,
  workDatabaseName,
} from "../postgres/index.ts";
import { appendAudit, forgetDatabase, raiseCacheEpoch, revokeInvitations } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import { applyStack } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, migrationPlanOf, requireHoused } from "./housedTenant.ts";
import { requireLiving } from "./livingTenant.ts";
import { assertNotHeld, dropLeftover, markerOf, migrateFresh, replaceDatabase } from "./replaceDatabase.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** How long another run's work on the tenant's database is waited for. */
const LOCK_WAIT_MS = 60_000;

/** What came of {@link clean}. */
export interface Cleaned {
  readonly slug: string;
  readonly database: string;
}

/**
 * Factory reset: a new database from the template takes the place of the tenant's in one transaction, the old one is dropped, and
 * the stack's own run seeds settings, admin and the rest again with a new invitation. Name, role, password and secret stay; backups
 * stay too. Throws `E_CONFIRM` unless `confirm` is the slug, `E_HOLD`, `E_ILLEGAL_TRANSITION`, `E_LOCKED`.
 */
export async function clean(
  context: OperationContext,
  slug: string,
  confirm: string | undefined,
): Promise<Cleaned> {
  assertConfirmed(slug, confirm);
  return withTenantHeld(context, slug, async (hold) => {
    await requireLiving(context, slug);
    const tenant = await requireHoused(context, slug);
    assertNotHeld(tenant);
    const fresh = workDatabaseName("restore", tenant.id);
    await makeEmpty(context, tenant, fresh);
    context.point("clean:made");
    await migrateFresh(context, tenant, fresh);
    context.note("everything in the tenant's database goes now");
    const kept = await replaceDatabase(context, tenant, { fresh, reason: "clean", keptDays: 0 });
    await finish(context, tenant, hold, kept.name);
    return { slug, database: tenant.databaseName };
  });
}

function assertConfirmed(slug: string, confirm: string | undefined): void {
  if (confirm === slug) return;
  const got = confirm === undefined ? "no `--confirm`" : `'${confirm}'`;
  throw new UserError(
    "E_CONFIRM",
    `\`clean ${slug}\`: expected \`--confirm ${slug}\`; got ${got}. Nothing was touched.`,
    { hint: "It deletes everything in the tenant's database. `tenantry backup` first keeps a way back." },
  );
}

async function makeEmpty(context: OperationContext, tenant: HousedTenant, fresh: string): Promise<void> {
  const { access, root } = context;
  const { slug, server, roleName: role } = tenant;
  const plan = migrationPlanOf(context, slug);
  const files = filesUpTo(await loadMigrations(plan, root, slug), plan.target);
  await access.withAdmin(server, (admin) =>
    withAdvisoryLock(
      admin.client,
      tenantLockKey(slug),
      async () => {
        await dropLeftover(admin, fresh);
        const template = () => ensureTenantTemplate(admin, files);
        await ensureTenantDatabase(admin, { database: fresh, role, marker: markerOf(tenant) }, { template });
      },
      { waitMs: LOCK_WAIT_MS },
    ),
  );
}

async function finish(
  context: OperationContext,
  tenant: HousedTenant,
  hold: StackHold,
  old: string,
): Promise<void> {
  const { access, run, point } = context;
  const { slug, id: tenantId, server, databaseName: database } = tenant;
  await access.withMaster((client) => revokeInvitations(client, tenantId));
  await applyStack(context, slug, hold, { shouldRefresh: true });
  point("clean:applied");
  await access.withAdmin(server, ({ client }) => dropDatabase(client, old));
  await access.withMaster(async (client) => {
    await forgetDatabase(client, { server, name: old });
    await raiseCacheEpoch(client, tenantId);
    await appendAudit(client, { tenantId, slug }, "TENANT_CLEANED", run, { server, database });
  });
}
