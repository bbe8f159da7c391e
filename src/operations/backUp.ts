import { randomUUID } from "node:crypto";
import { type BackupKind, type BackupRow, readClock, recordBackup } from "../registry/index.ts";
import { takeBackup, verifyBackup } from "../transfer/index.ts";
import type { OperationContext } from "./context.ts";
import { type HousedTenant, requireHoused, withBackupSource } from "./housedTenant.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** A backup that was taken. */
export type RecordedBackup = Omit<BackupRow, "deletedAt">;

/** What tells one backup from others. */
export interface BackupTerms {
  readonly kind: Exclude<BackupKind, "final">;
  readonly id: string;
  /** Stands in the file's name: the same again replaces what a killed run left. */
  readonly name: string;
  readonly namedAt?: Date;
  readonly deletedAfter: Date | null;
}

/**
 * Takes a backup of a tenant into the environment's folder and writes its row; it is kept until the tenant is purged. Works for
 * suspended and deleted tenants. Throws `E_BACKUP_FAILED`, `E_ILLEGAL_TRANSITION`, `E_LOCKED`.
 */
export async function backUp(context: OperationContext, slug: string): Promise<RecordedBackup> {
  return withTenantHeld(context, slug, async () => {
    const tenant = await requireHoused(context, slug);
    const id = randomUUID();
    const name = `manual-${id.slice(0, 8)}`;
    return recordNewBackup(context, tenant, { kind: "manual", id, name, deletedAfter: null });
  });
}

/** The file, read once more, and its row. The caller holds the tenant. */
export async function recordNewBackup(
  context: OperationContext,
  tenant: HousedTenant,
  { kind, id, name, namedAt, deletedAfter }: BackupTerms,
): Promise<RecordedBackup> {
  const { access, config, root, run } = context;
  const { slug, id: tenantId } = tenant;
  const now = await access.withMaster(readClock);
  const taken = await withBackupSource(context, tenant, (source) =>
    takeBackup({
      ...{ ...source, destination: config.backups.url, projectRoot: root, kind, name, now },
      ...(namedAt === undefined ? {} : { namedAt }),
    }),
  );
  context.point("backup:taken");
  await verifyBackup(slug, taken);
  const verifiedAt = await access.withMaster(readClock);
  const backup = { ...taken, tenantId, kind, verifiedAt, deletedAfter };
  await access.withMaster((client) => recordBackup(client, backup, run, id));
  context.point("backup:recorded");
  return { id, ...backup };
}
