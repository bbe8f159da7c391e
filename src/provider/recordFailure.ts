import { readRecord, readRecordById, recordFailure } from "../registry/index.ts";
import { isContentError, UserError } from "../tenant/errors.ts";
import { explain, messageOf } from "./failure.ts";
import type { Properties } from "./protocol/wire.ts";
import type { Run } from "./run.ts";

/**
 * Writes code and reason of a failure that the tenant's own content caused into its record, before the engine hears of
 * it: a bare `pulumi up` can't undo, so the record must say it. Interruptions and unreachable places write nothing.
 */
export async function recordContentFailure(error: unknown, inputs: Properties, run: Run): Promise<void> {
  if (!isContentError(error) || typeof inputs.slug !== "string") return;
  try {
    await writeFailure(error, inputs.slug, inputs, run);
  } catch (failure) {
    const words = messageOf(explain(failure));
    throw new UserError(error.code, `${error.message} Its record doesn't say so yet: ${words}`, {
      cause: error,
    });
  }
}

async function writeFailure(
  error: UserError,
  slug: string,
  { tenantId, stack }: Properties,
  run: Run,
): Promise<void> {
  await run.access.withMaster(async (client) => {
    const record =
      typeof tenantId === "string" ? await readRecordById(client, tenantId) : await readRecord(client, slug);
    // Another stack's record is not ours to mark.
    if (record === undefined || record.stack !== stack) return;
    await recordFailure(client, record.id, error.code, error.message, await run.audited());
  });
}
