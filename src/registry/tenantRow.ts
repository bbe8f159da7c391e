import type { Queryable } from "../postgres/index.ts";
import type { Setting } from "../tenant/desired.ts";
import type { RecordStatus } from "../tenant/resources.ts";

/** A row of `identity.tenant`: one life of a tenant. */
export interface TenantRow {
  readonly id: string;
  readonly slug: string;
  readonly stack: string;
  readonly status: RecordStatus;
  readonly statusReason: string | null;
  readonly statusCode: string | null;
  readonly displayName: string | null;
  readonly legalName: string | null;
  readonly adminEmail: string | null;
  readonly plan: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, Setting>>;
  /** Null until placed. */
  readonly server: string | null;
  readonly isolation: "database";
  readonly databaseName: string;
  readonly roleName: string;
  readonly secretName: string;
  /** Names of the further secrets that it has, or may have, in the tenants' vault. */
  readonly seededSecrets: readonly string[];
  readonly hosts: readonly string[];
  readonly pathPrefix: string | null;
  /** Legal hold: neither delete nor purge. */
  readonly hold: boolean;
  readonly isPurgeConfirmed: boolean;
  readonly retentionDays: number;
  /** How often a provisioning that failed was begun again by maintenance. */
  readonly retries: number;
  /** Grows with every change that a routing cache must see. */
  readonly cacheEpoch: number;
  readonly provisioningAt: Date;
  readonly provisioningFailedAt: Date | null;
  /** Not null: this life was active once, and retention, final backup and protection hold. */
  readonly activeAt: Date | null;
  readonly suspendedAt: Date | null;
  readonly deletingAt: Date | null;
  readonly deletedAt: Date | null;
  readonly purgingAt: Date | null;
  readonly purgedAt: Date | null;
}

const COLUMNS = `id, slug, stack, status, status_reason AS "statusReason", status_code AS "statusCode",
  display_name AS "displayName", legal_name AS "legalName", admin_email AS "adminEmail", plan, labels, settings, server,
  isolation, database_name AS "databaseName", role_name AS "roleName", secret_name AS "secretName", seeded_secrets AS "seededSecrets", hosts,
  path_prefix AS "pathPrefix", hold, is_purge_confirmed AS "isPurgeConfirmed", retention_days AS "retentionDays",
  retries, cache_epoch::int AS "cacheEpoch", provisioning_at AS "provisioningAt", provisioning_failed_at AS "provisioningFailedAt",
  active_at AS "activeAt", suspended_at AS "suspendedAt", deleting_at AS "deletingAt", deleted_at AS "deletedAt",
  purging_at AS "purgingAt", purged_at AS "purgedAt"`;

/** The life of a slug that isn't purged, or undefined. */
export async function readRecord(client: Queryable, slug: string): Promise<TenantRow | undefined> {
  return one(client, "slug = $1 AND status <> 'purged'", slug);
}

/** Slugs of the lives that were active once and aren't purged and bear this display name and admin. */
export async function findNamesakes(
  client: Queryable,
  displayName: string,
  adminEmail: string,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ slug: string }>(
    `SELECT slug FROM identity.tenant
      WHERE status <> 'purged' AND active_at IS NOT NULL AND display_name = $1 AND admin_email = $2 ORDER BY slug`,
    [displayName, adminEmail],
  );
  return rows.map(({ slug }) => slug);
}

/** One life by its id, purged or not. */
export async function readRecordById(client: Queryable, tenantId: string): Promise<TenantRow | undefined> {
  return one(client, "id = $1", tenantId);
}

/** Every life that isn't purged, by slug; with `isWithPurged` the tombstones too, oldest first. */
export async function listRecords(client: Queryable, isWithPurged = false): Promise<readonly TenantRow[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.tenant WHERE $1 OR status <> 'purged' ORDER BY slug, provisioning_at`,
    [isWithPurged],
  );
  return rows;
}

/** Every life of a slug, purged ones too, oldest first. */
export async function listLives(client: Queryable, slug: string): Promise<readonly TenantRow[]> {
  const { rows } = await client.query(
    `SELECT ${COLUMNS} FROM identity.tenant WHERE slug = $1 ORDER BY provisioning_at, id`,
    [slug],
  );
  return rows;
}

/** Like `readRecord`, and holds the row until the transaction ends. */
export async function lockRecord(client: Queryable, slug: string): Promise<TenantRow | undefined> {
  return one(client, "slug = $1 AND status <> 'purged'", slug, "FOR NO KEY UPDATE");
}

/** Like `readRecordById`, and holds the row until the transaction ends. */
export async function lockRecordById(client: Queryable, tenantId: string): Promise<TenantRow | undefined> {
  return one(client, "id = $1", tenantId, "FOR NO KEY UPDATE");
}

async function one(
  client: Queryable,
  condition: string,
  value: string,
  lock = "",
): Promise<TenantRow | undefined> {
  const { rows } = await client.query(`SELECT ${COLUMNS} FROM identity.tenant WHERE ${condition} ${lock}`, [
    value,
  ]);
  return rows[0];
}
