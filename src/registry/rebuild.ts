import { type Client, withTransaction } from "../postgres/index.ts";
import type { DesiredStatus, DesiredTenant } from "../tenant/desired.ts";
import { PHASES } from "../tenant/phases.ts";
import { appendAudit } from "./audit.ts";
import { recordPhase } from "./phases.ts";
import { register } from "./registration.ts";
import type { Run } from "./run.ts";

/** A life that a server's markers prove and master has lost. */
export interface LostLife {
  readonly tenantId: string;
  readonly server: string;
  /** As the role shows it: one that may log in is active. */
  readonly status: DesiredStatus;
  /** Number of the stack's password, so that the next run doesn't make another one. */
  readonly rotation: number;
  /** What the entry says of everything that no marker holds. */
  readonly tenant: DesiredTenant;
}

/**
 * Writes the record of a life anew, with its organization, hosts and phases, in one transaction. Times begin now: retention of a
 * deleted one counts from here. Answers false where master knows the slug: nothing is written then.
 */
export async function rebuildRecord(client: Client, life: LostLife, run: Run): Promise<boolean> {
  const { tenantId, server, status, rotation, tenant } = life;
  const isNew = await withTransaction(client, async () => {
    const { rowCount } = await client.query(
      `INSERT INTO identity.tenant (id, slug, stack, status, server, isolation, database_name, role_name, secret_name, hosts,
                                    is_purge_confirmed, retention_days, hold, rotation, rotated, active_at, suspended_at,
                                    deleting_at, deleted_at, status_reason)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, now(),
              CASE WHEN $4 = 'suspended' THEN now() END, CASE WHEN $4 = 'deleted' THEN now() END,
              CASE WHEN $4 = 'deleted' THEN now() END, $15
        WHERE NOT EXISTS (SELECT FROM identity.tenant WHERE id = $1 OR (slug = $2 AND status <> 'purged'))`,
      [
        ...[tenantId, tenant.slug, tenant.stack, status, server, tenant.isolation, tenant.databaseName],
        ...[tenant.roleName, tenant.secretName, tenant.hosts, tenant.isPurgeConfirmed, tenant.retentionDays],
        ...[tenant.hold, rotation, status === "suspended" ? (tenant.suspendReason ?? null) : null],
      ],
    );
    if (rowCount !== 1) return false;
    for (const phase of PHASES) await recordPhase(client, tenantId, phase, run);
    await appendAudit(client, { tenantId, slug: tenant.slug }, "TENANT_RECORD_REBUILT", run, {
      server,
      status,
    });
    return true;
  });
  if (isNew) await register(client, { ...tenant, tenantId, status, invitationId: "" }, run);
  return isNew;
}
