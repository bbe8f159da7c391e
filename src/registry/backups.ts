import { randomUUID } from "node:crypto";
import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { appendAudit } from "./audit.ts";
import type { Run } from "./run.ts";
import { lockRecordById } from "./tenantRow.ts";

export type BackupKind = "final" | "daily" | "manual";

/** A backup that was taken, wherever it lies now. */
export interface BackupRow {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: BackupKind;
  readonly format: "pg_dump" | "archive";
  readonly location: string;
  readonly sizeBytes: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
  readonly takenAt: Date;
  readonly verifiedAt: Date | null;
  /** When `maintain` may remove the file. */
  readonly deletedAfter: Date | null;
  readonly deletedAt: Date | null;
}

export type NewBackup = Omit<BackupRow, "id" | "deletedAt">;

/** Writes the row of a backup with its audit; answers its id, which is a new one unless one is given. */
export async function recordBackup(
  client: Client,
  backup: NewBackup,
  run: Run,
  id: string = randomUUID(),
): Promise<string> {
  await withTransaction(client, async () => {
    const record = await lockRecordById(client, backup.tenantId);
    if (record === undefined) throw new InternalError(`no record has the id '${backup.tenantId}'`);
    await client.query(
      `INSERT INTO identity.backup (id, tenant_id, kind, format, location, size_bytes, sha256, taken_at, verified_at, deleted_after)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id,
        backup.tenantId,
        backup.kind,
        backup.format,
        backup.location,
        backup.sizeBytes,
        backup.sha256,
        backup.takenAt,
        backup.verifiedAt,
        backup.deletedAfter,
      ],
    );
    const { kind, format, location, sizeBytes, sha256 } = backup;
    await appendAudit(client, { tenantId: record.id, slug: record.slug }, "TENANT_BACKED_UP", run, {
      kind,
      format,
      location,
      sizeBytes,
      sha256,
    });
  });
  return id;
}

const COLUMNS = `b.id, b.tenant_id AS "tenantId", b.kind, b.format, b.location, b.size_bytes::float8 AS "sizeBytes", b.sha256,
  b.taken_at AS "takenAt", b.verified_at AS "verifiedAt", b.deleted_after AS "deletedAfter", b.deleted_at AS "deletedAt"`;

/** A tenant's backups whose files are there, newest first. */
export async function listBackups(client: Queryable, tenantId: string): Promise<readonly BackupRow[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.backup b
      WHERE b.tenant_id = $1 AND b.deleted_at IS NULL ORDER BY b.taken_at DESC, b.id`,
    [tenantId],
  );
  return rows;
}

/** Every backup of all lives of a slug whose files are there, newest first. */
export async function listBackupsOfSlug(client: Queryable, slug: string): Promise<readonly BackupRow[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.backup b JOIN identity.tenant t ON t.id = b.tenant_id
      WHERE t.slug = $1 AND b.deleted_at IS NULL ORDER BY b.taken_at DESC, b.id`,
    [slug],
  );
  return rows;
}

/** Every backup that one life ever had, removed ones too, oldest first. */
export async function listAllBackups(client: Queryable, tenantId: string): Promise<readonly BackupRow[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.backup b WHERE b.tenant_id = $1 ORDER BY b.taken_at, b.id`,
    [tenantId],
  );
  return rows;
}

/** A backup whose file has to go, and whose it is. */
export interface ExpiredBackup extends BackupRow {
  readonly slug: string;
}

/**
 * Backups whose time is over at master's clock: past `deletedAfter`, or of a purged life and not its final one; none of a tenant
 * under legal hold. With a tenant, only that one's, and every one of it but the final ones.
 */
export async function listExpiredBackups(
  client: Queryable,
  purgedTenantId?: string,
): Promise<readonly ExpiredBackup[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS}, t.slug FROM identity.backup b JOIN identity.tenant t ON t.id = b.tenant_id
      WHERE b.deleted_at IS NULL AND NOT t.hold
        AND CASE WHEN $1::uuid IS NULL
                 THEN b.deleted_after <= clock_timestamp() OR (b.kind <> 'final' AND t.status = 'purged')
                 ELSE b.tenant_id = $1 AND b.kind <> 'final' END
      ORDER BY b.taken_at, b.id`,
    [purgedTenantId ?? null],
  );
  return rows;
}

/** Notes that a backup was restored for a try and was found to be what its manifest says. */
export async function recordVerified(
  client: Client,
  backup: Pick<BackupRow, "id" | "tenantId"> & { readonly slug: string },
  run: Run,
): Promise<void> {
  await withTransaction(client, async () => {
    await client.query("UPDATE identity.backup SET verified_at = clock_timestamp() WHERE id = $1", [
      backup.id,
    ]);
    await appendAudit(client, backup, "TENANT_BACKUP_VERIFIED", run, { backup: backup.id });
  });
}

/** Notes that a backup's file is gone; once. Answers whether it wrote. */
export async function recordBackupDeleted(
  client: Client,
  backup: Pick<ExpiredBackup, "id" | "tenantId" | "slug" | "kind" | "location">,
  run: Run,
): Promise<boolean> {
  return withTransaction(client, async () => {
    const { rowCount } = await client.query(
      "UPDATE identity.backup SET deleted_at = clock_timestamp() WHERE id = $1 AND deleted_at IS NULL",
      [backup.id],
    );
    if (rowCount !== 1) return false;
    const { id, kind, location } = backup;
    await appendAudit(client, backup, "TENANT_BACKUP_DELETED", run, { backup: id, kind, location });
    return true;
  });
}

/** The newest verified final backup taken at or after a moment; undefined for none. */
export async function finalBackupSince(
  client: Queryable,
  tenantId: string,
  since: Date,
): Promise<BackupRow | undefined> {
  const backups = await listBackups(client, tenantId);
  return backups.find(
    (backup) => backup.kind === "final" && backup.verifiedAt !== null && backup.takenAt >= since,
  );
}
