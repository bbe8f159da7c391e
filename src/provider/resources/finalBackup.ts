import { readRecordById } from "../../registry/index.ts";
import type { FinalBackupInputs, FinalBackupOutputs } from "../../tenant/resources.ts";
import { assertMayDelete, isNeverActive } from "../deleteLock.ts";
import { ensureFinalBackup, findFinalBackup } from "../finalBackup.ts";
import { UNKNOWN } from "../protocol/wire.ts";
import type { Known, Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** Stands ready; on `deleted` takes and verifies the backup without which nothing of the tenant is deleted. */
export const finalBackup: ResourceType<FinalBackupInputs, FinalBackupOutputs> = {
  name: "FinalBackup",
  immutable: ["database", "role", "stack", "slug"],
  ignored: ["migrations"],
  idOf: ({ stack }) => `${stack}/backup`,
  predict: async (news, known) => ({ ...news, backupId: predictId(news, known) }),
  create: (inputs, run) => backUpWhenDeleted(inputs, "", run),
  update: ({ outputs }, news, run) => backUpWhenDeleted(news, outputs.backupId, run),
  read: async ({ inputs, outputs }, run) => {
    const wanted = inputs as FinalBackupInputs;
    const found = await run.access.withMaster(async (client) => {
      const record = await readRecordById(client, wanted.tenantId);
      return record === undefined ? undefined : findFinalBackup(client, record);
    });
    // One that stands ready leaves nothing behind: without outputs it is one that never ended.
    if (found === undefined && Object.keys(outputs).length === 0) return undefined;
    // `deleted` without a backup isn't so yet: the difference makes the next run take it.
    const isMissing = found === undefined && wanted.status === "deleted";
    const real: FinalBackupInputs = { ...wanted, status: isMissing ? "active" : wanted.status };
    return { inputs: real, outputs: { ...real, backupId: found?.id ?? "" } };
  },
  delete: async ({ outputs }, run) => {
    const record = await assertMayDelete(run, outputs, "final backup");
    if (record.status === "purging" && !isNeverActive(record)) await ensureFinalBackup(outputs, run);
    run.point("released");
  },
};

async function backUpWhenDeleted(
  inputs: FinalBackupInputs,
  backupId: string,
  run: Run,
): Promise<FinalBackupOutputs> {
  if (inputs.status !== "deleted") return { ...inputs, backupId };
  return { ...inputs, backupId: await ensureFinalBackup(inputs, run) };
}

function predictId(
  news: Previewed<FinalBackupInputs>,
  known: Known<FinalBackupInputs, FinalBackupOutputs> | undefined,
): string | typeof UNKNOWN {
  const isTaken = news.status === "deleted" && known?.inputs.status !== "deleted";
  return isTaken ? UNKNOWN : (known?.outputs.backupId ?? "");
}
