import type { StackHold } from "../../deploy/index.ts";
import { isPurgeable, listRecords, readClock, readRecordById, type TenantRow } from "../../registry/index.ts";
import { UserError } from "../../tenant/errors.ts";
import { loadEntry } from "../../tenant/load.ts";
import { stackOf } from "../../tenant/names.ts";
import { loadTenant } from "../../tenant/select.ts";
import { tellEvent } from "../applyStack.ts";
import type { OperationContext } from "../context.ts";
import type { MaintenanceTask } from "./task.ts";

/** Deleted tenants whose retention is over or whose purge is confirmed, and purges that were cut off or failed. */
export const purges: MaintenanceTask = {
  name: "purges",
  isTenantHeld: true,
  due: async (context) => {
    const { records, now } = await readRecords(context);
    const due = records.filter((record) => isDue(record, now) && doesEntryAllow(record, context));
    return due.map((record) => ({
      slug: record.slug,
      words:
        record.status === "purging"
          ? "finish the purge"
          : "purge: retention is over or the purge is confirmed",
      run: (hold) => purge(context, record, hold),
    }));
  },
};

async function readRecords({ access }: OperationContext) {
  return access.withMaster(async (client) => ({
    records: await listRecords(client),
    now: await readClock(client),
  }));
}

/** A life that never was active is no purge of ours: a person retries or destroys it. */
function isDue(record: TenantRow, now: Date): boolean {
  return (record.status === "deleted" || record.status === "purging") && isPurgeable(record, now);
}

/** The entry must still say so; one that is gone or wrong, or wants the tenant back, is for a person. A begun purge only ends. */
function doesEntryAllow({ slug, status }: TenantRow, { root, config }: OperationContext): boolean {
  if (status === "purging") return true;
  if (loadEntry(root, slug) === undefined) return false;
  try {
    return loadTenant(root, slug, config).status === "deleted";
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

async function purge(
  context: OperationContext,
  { id, slug }: TenantRow,
  hold: StackHold,
): Promise<string | undefined> {
  const { access, deployer, environment, isPatient } = context;
  const read = () =>
    access.withMaster(async (client) => ({
      record: await readRecordById(client, id),
      now: await readClock(client),
    }));
  const { record, now } = await read();
  if (record === undefined || !isDue(record, now) || !doesEntryAllow(record, context)) return undefined;
  context.point("maintain:purges:begun");
  await hold.letGoFor(() =>
    deployer.destroy(stackOf(environment, slug), {
      isPatient,
      onEvent: (event) => tellEvent(event, context),
    }),
  );
  const after = (await read()).record?.status;
  if (after === "purged") return "purged";
  throw new UserError(
    "E_PARTIAL_STATE",
    `Tenant '${slug}': its stack is gone and its record is '${after ?? "gone"}'; expected 'purged'.`,
    { hint: `\`tenantry status ${slug}\` names what is left.` },
  );
}
