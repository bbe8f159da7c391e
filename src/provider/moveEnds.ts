import type { AdminSession } from "../access/index.ts";
import { type TenantDatabase, tenantLockKey, withAdvisoryLock } from "../postgres/index.ts";
import type { TenantRow } from "../registry/index.ts";
import type { RecordStatus } from "../tenant/resources.ts";
import type { Run } from "./run.ts";

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;

/**
 * Admins of both servers of a move, while no other run works on this tenant on either. Sessions are taken in the order of the
 * servers' names: two moves in opposite directions never wait for each other for ever.
 */
export async function withBothServers<T>(
  { from, to }: { readonly from: string; readonly to: string },
  slug: string,
  run: Run,
  body: (source: AdminSession, target: AdminSession) => Promise<T>,
): Promise<T> {
  const [first, second] = [from, to].sort() as [string, string];
  return withTenantLock(first, slug, run, (one) =>
    withTenantLock(second, slug, run, (other) => (first === from ? body(one, other) : body(other, one))),
  );
}

function withTenantLock<T>(
  server: string,
  slug: string,
  run: Run,
  body: (admin: AdminSession) => Promise<T>,
): Promise<T> {
  return run.access.withAdmin(server, (admin) =>
    withAdvisoryLock(admin.client, tenantLockKey(slug), () => body(admin), { waitMs: LOCK_WAIT_MS }),
  );
}

/** The record's database and role, wherever they are. */
export function databaseOf({ databaseName, roleName, stack, slug, id }: TenantRow): TenantDatabase {
  return { database: databaseName, role: roleName, marker: { stack, slug, tenantId: id } };
}

/** Whether a tenant of this status may log in. */
export function isOpenStatus(status: RecordStatus): boolean {
  return status === "active" || status === "provisioning" || status === "provisioning_failed";
}
