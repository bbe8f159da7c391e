import {
  dropDatabase,
  dropRole,
  dropTenantDatabase,
  observeDatabase,
  ownershipOf,
  tenantLockKey,
  withAdvisoryLock,
  workDatabaseName,
} from "../postgres/index.ts";
import {
  appendAudit,
  dueMovedCopies,
  endMove,
  type MoveRow,
  readRecordById,
  type TenantRow,
  unfinishedMoves,
} from "../registry/index.ts";
import type { OperationContext } from "./context.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;

/** A copy that a moved tenant had left on its old server and that is gone now. */
export interface DroppedCopy {
  readonly slug: string;
  readonly server: string;
}

/**
 * Drops the old copies of moved tenants whose time is over, each under its tenant's lock and only what bears its marker. Safe to cut
 * off and to run twice at once. Throws what stops one of them; the others come with the next call.
 */
export async function dropMovedCopies(context: OperationContext): Promise<readonly DroppedCopy[]> {
  const due = await context.access.withMaster(dueMovedCopies);
  const dropped: DroppedCopy[] = [];
  for (const move of due) {
    const record = await context.access.withMaster((client) => readRecordById(client, move.tenantId));
    if (record === undefined || context.signal.aborted) continue;
    const isDropped = await withTenantHeld(context, record.slug, () => dropCopy(record, move, context));
    if (isDropped) dropped.push({ slug: record.slug, server: move.from });
  }
  return dropped;
}

async function dropCopy(record: TenantRow, move: MoveRow, context: OperationContext): Promise<boolean> {
  const { access, run } = context;
  const { rest, server } = await access.withMaster(async (client) => ({
    rest: await unfinishedMoves(client, record.id),
    server: (await readRecordById(client, record.id))?.server,
  }));
  if (!rest.some(({ id }) => id === move.id)) return false;
  // It has come back since: the role there is the living one, and only the copy goes.
  const isLast =
    server !== move.from &&
    rest.every(({ id, from, to }) => id === move.id || (from !== move.from && to !== move.from));
  await access.withAdmin(move.from, (admin) =>
    withAdvisoryLock(admin.client, tenantLockKey(record.slug), () => dropOn(admin, record, isLast), {
      waitMs: LOCK_WAIT_MS,
    }),
  );
  context.point("movedCopies:dropped");
  await access.withMaster(async (client) => {
    await endMove(client, move, "dropped");
    await appendAudit(client, { tenantId: record.id, slug: record.slug }, "TENANT_MOVED_COPY_DROPPED", run, {
      server: move.from,
    });
  });
  return true;
}

type Admin = Parameters<Parameters<OperationContext["access"]["withAdmin"]>[1]>[0];

async function dropOn({ client, url, options }: Admin, record: TenantRow, isLast: boolean): Promise<void> {
  const { slug, stack, id: tenantId, roleName: role, databaseName: database } = record;
  const marker = { slug, stack, tenantId };
  if (isLast) {
    await dropTenantDatabase(client, { database, role, marker });
    await dropRole(client, url, role, marker, options);
    return;
  }
  const name = workDatabaseName("moved", tenantId);
  const found = await observeDatabase(client, name);
  if (ownershipOf(found?.comment, marker) === "ours") await dropDatabase(client, name);
}
