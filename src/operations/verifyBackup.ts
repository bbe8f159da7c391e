import { type BackupRow, listBackupsOfSlug, readRecordById, recordVerified } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import { type Rehearsal, rehearseRestore } from "../transfer/index.ts";
import type { OperationContext } from "./context.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** A backup that was restored for a try. */
export interface VerifiedBackup extends Rehearsal {
  readonly id: string;
  readonly location: string;
}

/** The backups of all lives of a slug, newest first; a purged one's final backup is among them until its time is over. */
export async function listTenantBackups(
  context: OperationContext,
  slug: string,
): Promise<readonly BackupRow[]> {
  return context.access.withMasterReader((client) => listBackupsOfSlug(client, slug));
}

/**
 * Restores a backup into a scratch database on the tenant's server, compares rows and checksums with its manifest, and drops it.
 * The newest one unless an id is given. What a killed run left goes first. Throws `E_BACKUP_FAILED`, naming what differs.
 */
export async function verifyTenantBackup(
  context: OperationContext,
  slug: string,
  id?: string,
): Promise<VerifiedBackup> {
  return withTenantHeld(context, slug, async () => {
    const backup = chooseBackup(slug, await listTenantBackups(context, slug), id);
    context.note(`restoring ${backup.kind} backup ${backup.id} into a scratch database`);
    const { server, role } = await placeOf(context, backup);
    const rehearsal = await context.access.withAdmin(server, async (admin) => {
      const { rows } = await admin.client.query("SELECT current_user AS name");
      // A purged tenant's role is gone; what is restored for a try then belongs to the admin.
      const target = { tenantId: backup.tenantId, admin, role: role ?? (rows[0].name as string) };
      return rehearseRestore(slug, backup, target, () => context.point("verify:restored"));
    });
    context.point("verify:compared");
    await context.access.withMaster((client) => recordVerified(client, { ...backup, slug }, context.run));
    return { id: backup.id, location: backup.location, ...rehearsal };
  });
}

function chooseBackup(slug: string, backups: readonly BackupRow[], id: string | undefined): BackupRow {
  const found = id === undefined ? backups[0] : backups.find((backup) => backup.id === id);
  if (found !== undefined) return found;
  throw new UserError(
    "E_BACKUP_FAILED",
    id === undefined
      ? `Tenant '${slug}' has no backup; expected one.`
      : `Tenant '${slug}' has no backup '${id}'; expected one of ${backups.length}.`,
    { hint: `\`tenantry backup list ${slug}\` shows them; \`tenantry backup ${slug}\` takes one.` },
  );
}

async function placeOf(
  context: OperationContext,
  backup: BackupRow,
): Promise<{ readonly server: string; readonly role: string | undefined }> {
  const record = await context.access.withMaster((client) => readRecordById(client, backup.tenantId));
  if (record === undefined || record.server === null)
    throw new UserError("E_BACKUP_FAILED", `backup '${backup.id}' belongs to a life without a server.`);
  return { server: record.server, role: record.status === "purged" ? undefined : record.roleName };
}
