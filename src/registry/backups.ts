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

/** Writes the row of a backup with its audit; answers its id. */
export async function recordBackup(client: Client, backup: NewBackup, run: Run): Promise<string> {
  const id = randomUUID();
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

/** A tenant's backups whose files are there, newest first. */
export async function listBackups(client: Queryable, tenantId: string): Promise<readonly BackupRow[]> {
  const { rows } = await client.query(
    `SELECT id, tenant_id AS "tenantId", kind, format, location, size_bytes::float8 AS "sizeBytes", sha256,
            taken_at AS "takenAt", verified_at AS "verifiedAt", deleted_after AS "deletedAfter", deleted_at AS "deletedAt"
       FROM identity.backup WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY taken_at DESC, id`,
    [tenantId],
  );
  return rows;
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
