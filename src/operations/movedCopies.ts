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
  endMove,
  type MoveRow,
  readRecordById,
  type TenantRow,
  unfinishedMoves,
} from "../registry/index.ts";
import type { OperationContext } from "./context.ts";

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;

/**
 * Drops the old copy that a move left, and with the last one the role there; only what bears the tenant's marker. The caller holds
 * the tenant. False where another run was faster. Safe to cut off anywhere.
 */
export async function dropMovedCopy(
  record: TenantRow,
  move: MoveRow,
  context: OperationContext,
): Promise<boolean> {
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
