import type { DeployEvent, StackHold } from "../deploy/index.ts";
import { readRecord, readRecordById, type TenantRow, transition, writeTombstone } from "../registry/index.ts";
import type { DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { loadTenant, rewriteStatus } from "../tenant/index.ts";
import { holdRefusal } from "../tenant/refusedChanges.ts";
import type { OperationContext } from "./context.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** What came of {@link offboard}. */
export interface Offboarded {
  readonly slug: string;
  /** The life that ended; undefined where there was none. */
  readonly tenantId?: string;
  /** Resources of the stack that were deleted. */
  readonly deleted: number;
}

/**
 * Deletes and purges a tenant in one: its entry says `deleted` and confirms the purge, `up` takes the final backup where the tenant
 * was ever active, then everything that bears its marker goes and the tombstone stays. From any half state: reality is asked first,
 * so what somebody removed by hand doesn't stop it, and a cut-off purge is gone on with. Throws `E_HOLD`, `E_PARTIAL_STATE` where
 * something of the tenant's names isn't provably its own, `E_BACKUP_FAILED`, `E_LOCKED`.
 */
export async function offboard(
  context: OperationContext,
  slug: string,
  onEvent: (event: DeployEvent) => void,
): Promise<Offboarded> {
  return withTenantHeld(context, slug, async (hold) => {
    const tenant = loadTenant(context.root, slug, context.config);
    const record = await context.access.withMaster((client) => readRecord(client, slug));
    if ((tenant.hold || record?.hold === true) && record?.status !== "purging")
      throw holdRefusal(slug, "purge");
    const edit = rewriteStatus(context.root, slug, context.environment, { status: "deleted", purge: slug });
    if (edit.hasChanged) context.note(`${edit.file}: 'deleted', purge confirmed`);
    context.point("offboard:entry written");
    const deleted = await empty(context, tenant, record, hold, onEvent);
    if (record === undefined) return { slug, deleted };
    await endLife(context, record);
    return { slug, tenantId: record.id, deleted };
  });
}

/** Takes what the stack holds, and what master knows that a lost stack held; answers how many resources went. */
async function empty(
  { deployer, isPatient, point }: OperationContext,
  { stack }: DesiredTenant,
  record: TenantRow | undefined,
  hold: StackHold,
  onEvent: (event: DeployEvent) => void,
): Promise<number> {
  const options = { isPatient, onEvent };
  const hasResources = await deployer.hasResources(stack);
  const isLive = record !== undefined && record.activeAt !== null && record.status !== "purging";
  if (isLive || (hasResources && record?.activeAt === null))
    await hold.letGoFor(() => deployer.up(stack, { ...options, shouldRefresh: hasResources }));
  point("offboard:deleted");
  const { changes } = await hold.letGoFor(() => deployer.destroy(stack, options));
  return changes.length;
}

/** The row that an undone first run leaves has no stack to end it: without a place, nothing of it is anywhere. */
async function endLife({ access, run }: OperationContext, before: TenantRow): Promise<void> {
  await access.withMaster(async (client) => {
    const record = await readRecordById(client, before.id);
    if (record === undefined || record.status === "purged") return;
    if (record.activeAt !== null || record.server !== null) throw notEnded(record);
    await transition(client, record.id, "purging", run);
    await writeTombstone(client, record.id, run);
  });
}

function notEnded({ slug, status }: TenantRow): UserError {
  return new UserError(
    "E_PARTIAL_STATE",
    `Tenant '${slug}' is '${status}' and its stack holds nothing; expected the stack that made it.`,
    {
      hint: `\`tenantry up ${slug}\` with \`status: active\` takes over what bears its marker; then run the same command again.`,
    },
  );
}
