import type { Queryable } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { nextRetryAt } from "./retrySchedule.ts";
import type { TenantRow } from "./tenantRow.ts";

/**
 * When a provisioning that never ended is tried again by itself; undefined where it isn't: it goes well, was tried often
 * enough, or was cut off under a person's hands. Pure.
 */
export function nextRetryOf({
  status,
  retries,
  provisioningAt,
  provisioningFailedAt,
}: Pick<TenantRow, "status" | "retries" | "provisioningAt" | "provisioningFailedAt">): Date | undefined {
  if (status === "provisioning_failed") return nextRetryAt(provisioningFailedAt ?? provisioningAt, retries);
  // A try of ours that was cut off left it so.
  if (status === "provisioning" && retries > 0) return nextRetryAt(provisioningAt, retries);
  return undefined;
}

/** Counts a try before it begins; false when the record isn't any more as it was read: another run was faster. */
export async function beginRetry(client: Queryable, { id, status, retries }: TenantRow): Promise<boolean> {
  const { rowCount } = await client.query(
    "UPDATE identity.tenant SET retries = retries + 1 WHERE id = $1 AND status = $2 AND retries = $3",
    [id, status, retries],
  );
  return rowCount === 1;
}

/** What time it is at master, whose clock wrote every time that is compared with it. */
export async function readClock(client: Queryable): Promise<Date> {
  const { rows } = await client.query<{ now: Date }>("SELECT clock_timestamp() AS now");
  const [row] = rows;
  if (row === undefined) throw new InternalError("master answered no time");
  return row.now;
}
