import { dropTenantDatabase, giveBackDatabase, type Marker, type ServerAdmin } from "../postgres/index.ts";
import { readAttachment, readRecordById } from "../registry/index.ts";
import { isNeverActive } from "./deleteLock.ts";
import { markerFor } from "./markerFor.ts";
import type { Run } from "./run.ts";

/**
 * Ends a tenant's database: it is dropped; but one that was there before a tenant that never was active is given back as it was, for
 * an undo removes nothing that this record didn't make. The caller holds the tenant's lock.
 */
export async function removeDatabase(
  admin: ServerAdmin,
  subject: Marker & { readonly database: string; readonly role: string },
  run: Run,
): Promise<void> {
  const { database, role, tenantId } = subject;
  const wanted = { database, role, marker: markerFor(subject) };
  const attachment = await run.access.withMaster(async (client) => {
    const record = await readRecordById(client, tenantId);
    const isFirstRun = record !== undefined && isNeverActive(record);
    return isFirstRun ? readAttachment(client, tenantId) : undefined;
  });
  if (attachment?.database === database) await giveBackDatabase(admin, wanted, attachment.previous);
  else await dropTenantDatabase(admin.client, wanted);
}
