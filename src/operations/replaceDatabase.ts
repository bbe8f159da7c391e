import { commandMigrationsHook, loadMigrations, sqlMigrationsHook } from "../hooks/index.ts";
import {
  admitRole,
  dressLike,
  dropDatabase,
  expelRole,
  type Marker,
  observeDatabase,
  type ServerAdmin,
  switchDatabase,
  tenantLockKey,
  withAdvisoryLock,
  withDatabase,
  withStandIn,
  workDatabaseName,
} from "../postgres/index.ts";
import { keepDatabase, type TenantRow } from "../registry/index.ts";
import { commandEnvironment } from "../tenant/commandEnvironment.ts";
import { UserError } from "../tenant/errors.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, migrationPlanOf } from "./housedTenant.ts";

/** How long another run's work on the tenant's database is waited for. */
const LOCK_WAIT_MS = 60_000;

/** How a finished database takes the place of a tenant's. */
export interface Replacement {
  /** Name under which it was made; bears the tenant's marker. */
  readonly fresh: string;
  /** Why, for the row of the one before. */
  readonly reason: "restore" | "clean";
  /** How long the one before is kept, closed, under a name of ours. */
  readonly keptDays: number;
}

/**
 * Puts a finished database in the place of the tenant's in one transaction; its settings and access are those of the one before,
 * which is kept aside. A suspended tenant stays shut out. Answers the kept one's name and until when.
 */
export async function replaceDatabase(
  context: OperationContext,
  tenant: HousedTenant,
  { fresh, reason, keptDays }: Replacement,
): Promise<{ readonly name: string; readonly keptUntil: Date }> {
  const { access, point, note } = context;
  const { server, databaseName: database, roleName: role, id: tenantId } = tenant;
  const aside = workDatabaseName("old", tenantId);
  const keptUntil = await access.withMaster((client) =>
    keepDatabase(client, { server, name: aside, tenantId, reason }, keptDays),
  );
  await access.withAdmin(server, async (admin) => {
    const refused = await dressLike(admin.client, fresh, database);
    if (refused.length > 0)
      note(
        `warning: settings of database '${database}' that only a superuser may set again: ${refused.join(", ")}`,
      );
    if (tenant.status === "active") await admitRole(admin.client, fresh, role);
    else await expelRole(admin.client, fresh, role);
    point(`${reason}:ready`);
    // Ours wait in the pool; the switch would end them too.
    await access.release();
    await withAdvisoryLock(
      admin.client,
      tenantLockKey(tenant.slug),
      () => switchDatabase(admin, { database, fresh, aside }),
      { waitMs: LOCK_WAIT_MS },
    );
    point(`${reason}:switched`);
  });
  return { name: aside, keptUntil };
}

/** Throws `E_HOLD` for a tenant whose data must stay as it is. */
export function assertNotHeld({ slug, hold }: HousedTenant): void {
  if (!hold) return;
  throw new UserError(
    "E_HOLD",
    `Tenant '${slug}' is under legal hold; expected 'hold: false' before its data is replaced or deleted.`,
  );
}

/** Drops what a killed run left under the name that a new database is made with. */
export async function dropLeftover(admin: ServerAdmin, name: string): Promise<void> {
  if ((await observeDatabase(admin.client, name)) !== undefined) await dropDatabase(admin.client, name);
}

/** The marker of a tenant's role and database. */
export function markerOf({ stack, slug, id: tenantId }: TenantRow): Marker {
  return { stack, slug, tenantId };
}

/**
 * Brings a finished database to the newest migration before anybody sees it, as the tenant itself: so that it fails before anything
 * was switched. Throws `E_MIGRATIONS_FAILED` and what else the hooks throw.
 */
export async function migrateFresh(
  context: OperationContext,
  tenant: HousedTenant,
  fresh: string,
): Promise<void> {
  const { access, root, note } = context;
  const { slug, roleName: role, server } = tenant;
  const plan = migrationPlanOf(context, slug);
  if (plan.kind === "command") return migrateByCommand(context, tenant, fresh, plan);
  const files = await loadMigrations(plan, root, slug);
  const target = plan.target === undefined ? {} : { target: plan.target };
  const { applied } = await access.withAdmin(server, (admin) =>
    withStandIn(admin, { role, database: fresh, marker: markerOf(tenant) }, (client) =>
      sqlMigrationsHook().apply({ slug, client, role }, { slug, dir: plan.dir, files, ...target }),
    ),
  );
  if (applied.length > 0) note(`migrated: ${applied.join(", ")}`);
}

async function migrateByCommand(
  { access, root, note }: OperationContext,
  { slug, server, secretName, status }: HousedTenant,
  fresh: string,
  plan: Extract<ReturnType<typeof migrationPlanOf>, { kind: "command" }>,
): Promise<void> {
  const url = await access.tenantVault.get(secretName);
  if (status !== "active" || url === undefined) {
    note(`\`${plan.run}\` waits until the tenant is active: its role may not log in`);
    return;
  }
  const environment = commandEnvironment(process.env);
  await access.withDatabase({ server, database: fresh }, (client) =>
    commandMigrationsHook.apply(
      { slug, client, url: withDatabase(url, fresh), directory: root, environment },
      plan,
    ),
  );
}
