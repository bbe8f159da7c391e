import { type Client, redact, withTransaction } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { appendAudit } from "./audit.ts";
import type { Run } from "./run.ts";
import { lockRecordById } from "./tenantRow.ts";
import { applyTransition } from "./transition.ts";

/**
 * Notes why a run failed, before the caller answers its error. A first provisioning becomes `provisioning_failed` with
 * code and reason; a tenant that is live keeps its status and gets an audit row. The same failure again writes nothing
 * more than that row.
 */
export async function recordFailure(
  client: Client,
  tenantId: string,
  code: string,
  reason: string,
  run: Run,
): Promise<void> {
  const words = redact(reason);
  await withTransaction(client, async () => {
    const row = await lockRecordById(client, tenantId);
    if (row === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
    if (row.status === "provisioning") {
      await applyTransition(client, row, "provisioning_failed", run, { code, reason: words });
      return;
    }
    if (row.status === "provisioning_failed")
      await client.query("UPDATE identity.tenant SET status_code = $2, status_reason = $3 WHERE id = $1", [
        tenantId,
        code,
        words,
      ]);
    await appendAudit(client, { tenantId, slug: row.slug }, "TENANT_UPDATE_FAILED", run, {
      status: row.status,
      code,
      reason: words,
    });
  });
}
