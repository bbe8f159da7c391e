import type { Queryable } from "../postgres/index.ts";
import type { JsonValue } from "../tenant/desired.ts";
import type { Run } from "./run.ts";

/** What can stand in `identity.tenant_audit.event_type`. */
export type AuditEvent =
  | "TENANT_RESERVED"
  | "TENANT_PROVISIONING_RETRIED"
  | "TENANT_PROVISIONING_FAILED"
  | "TENANT_PROVISIONED"
  | "TENANT_UPDATED"
  | "TENANT_UPDATE_FAILED"
  | "TENANT_SUSPENDED"
  | "TENANT_RESUMED"
  | "TENANT_DELETING"
  | "TENANT_DELETED"
  | "TENANT_UNDELETED"
  | "TENANT_PURGE_CONFIRMED"
  | "TENANT_PURGE_WITHDRAWN"
  | "TENANT_HELD"
  | "TENANT_HOLD_LIFTED"
  | "TENANT_PURGING"
  | "TENANT_PURGED"
  | "TENANT_MIGRATED"
  | "TENANT_BACKED_UP"
  | "TENANT_ROTATED"
  | "TENANT_MOVED"
  | "TENANT_RECORD_REBUILT"
  | "TENANT_MOVED_COPY_DROPPED"
  | "TENANT_BACKUP_VERIFIED"
  | "TENANT_BACKUP_DELETED"
  | "TENANT_DUMPED"
  | "TENANT_RESTORED"
  | "TENANT_CLEANED"
  | "TENANT_ATTACHED"
  | "SERVER_ADDED"
  | "SERVER_CHANGED"
  | "SERVER_ROTATED"
  | "TENANT_CACHE_CLEARED"
  | "TENANT_DOMAINS_RENEWED"
  | "TENANT_INVITED"
  | "TENANT_OPERATOR_GRANTED"
  | "TENANT_OPERATOR_REVOKED";

/** Plain data, never a secret: the row can't be changed afterwards. */
export type AuditDetails = Readonly<Record<string, JsonValue>>;

/** Whom an audit row is about. */
export interface AuditSubject {
  /** Null for what happens to the platform. */
  readonly tenantId: string | null;
  /** `platform` for what is no tenant's. */
  readonly slug: string;
}

/** Appends one row; there is no other way to write the table. */
export async function appendAudit(
  client: Queryable,
  subject: AuditSubject,
  event: AuditEvent,
  run: Run,
  details: AuditDetails = {},
): Promise<void> {
  const { platformUserId, osUser, gitCommit } = run.actor;
  await client.query(
    `INSERT INTO identity.tenant_audit (tenant_id, slug, event_type, platform_user_id, os_user, git_commit, details)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      subject.tenantId,
      subject.slug,
      event,
      platformUserId ?? null,
      platformUserId === undefined ? (osUser ?? null) : null,
      gitCommit ?? null,
      JSON.stringify(details),
    ],
  );
}

/** One row of the audit. */
export interface AuditRow {
  readonly at: Date;
  readonly tenantId: string | null;
  readonly slug: string;
  readonly event: AuditEvent;
  readonly platformUserId: string | null;
  readonly osUser: string | null;
  readonly gitCommit: string | null;
  readonly details: AuditDetails;
}

/** Everything that happened to tenants of this slug, in all its lives, oldest first. */
export async function readAudit(client: Queryable, slug: string): Promise<readonly AuditRow[]> {
  const { rows } = await client.query(
    `SELECT at, tenant_id AS "tenantId", slug, event_type AS event, platform_user_id AS "platformUserId",
            os_user AS "osUser", git_commit AS "gitCommit", details
       FROM identity.tenant_audit WHERE slug = $1 ORDER BY id`,
    [slug],
  );
  return rows;
}
