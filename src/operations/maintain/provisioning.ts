import type { StackHold } from "../../deploy/index.ts";
import {
  beginRetry,
  listRecords,
  MAX_RETRIES,
  nextRetryOf,
  readClock,
  type TenantRow,
} from "../../registry/index.ts";
import { isContentError } from "../../tenant/errors.ts";
import { loadEntry } from "../../tenant/load.ts";
import { stackOf } from "../../tenant/names.ts";
import { loadTenant } from "../../tenant/select.ts";
import { applyStack, tellEvent } from "../applyStack.ts";
import type { OperationContext } from "../context.ts";
import type { MaintenanceTask } from "./task.ts";

/** Failed first provisionings, tried again 1, 5 and 30 minutes after they failed, then daily, at most 10 times. */
export const provisioning: MaintenanceTask = {
  name: "provisioning",
  isTenantHeld: true,
  due: async (context) => {
    const { records, now } = await context.access.withMaster(async (client) => ({
      records: await listRecords(client),
      now: await readClock(client),
    }));
    // A removed entry is nobody's wish any more: `destroy` clears what the attempt left.
    const due = records.filter(
      (record) => isDue(record, now) && loadEntry(context.root, record.slug) !== undefined,
    );
    return due.map((record) => ({
      slug: record.slug,
      words: `try ${record.retries + 1} of ${MAX_RETRIES} again, after ${record.statusCode ?? "an interruption"}`,
      run: (hold) => retry(context, record, hold),
    }));
  },
};

function isDue(record: TenantRow, now: Date): boolean {
  const at = nextRetryOf(record);
  return at !== undefined && at <= now;
}

async function retry(
  context: OperationContext,
  record: TenantRow,
  hold: StackHold,
): Promise<string | undefined> {
  const { slug } = record;
  // An entry that is wrong, or wants the tenant deleted, uses up no try.
  const { status } = loadTenant(context.root, slug, context.config);
  if (status === "deleted") return undefined;
  const isOurs = await context.access.withMaster((client) => beginRetry(client, record));
  if (!isOurs) return undefined;
  context.point("maintain:provisioning:begun");
  await applyOrUndo(context, slug, hold);
  return `provisioned at try ${record.retries + 1}`;
}

/** As `up` does: what the tenant's own content refuses is undone, and its record keeps the reason. */
async function applyOrUndo(context: OperationContext, slug: string, hold: StackHold): Promise<void> {
  const { deployer, environment, isPatient } = context;
  const stack = stackOf(environment, slug);
  try {
    await applyStack(context, slug, hold);
  } catch (error) {
    if (isContentError(error) && !(await deployer.isRegistered(stack))) {
      context.note(`${slug}: ${error.code}: undoing what this try made`);
      await hold.letGoFor(() =>
        deployer.undoFirstRun(stack, { isPatient, onEvent: (event) => tellEvent(event, context) }),
      );
    }
    throw error;
  }
}
