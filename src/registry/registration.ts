import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import type { DesiredStatus, JsonValue, Setting } from "../tenant/desired.ts";
import { InternalError } from "../tenant/errors.ts";
import type { RecordStatus } from "../tenant/resources.ts";
import { appendAudit } from "./audit.ts";
import { reserveHosts } from "./hosts.ts";
import { readOrganization, upsertOrganization } from "./organization.ts";
import { releaseInvitation } from "./outbox.ts";
import { recordPhase } from "./phases.ts";
import type { Run } from "./run.ts";
import { isSameJson } from "./sameJson.ts";
import { lockRecordById, type TenantRow } from "./tenantRow.ts";
import { applyTransition } from "./transition.ts";

/** What master says about a complete tenant. */
export interface Registration {
  readonly tenantId: string;
  readonly displayName: string;
  readonly legalName?: string;
  readonly adminEmail: string;
  readonly plan: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly status: DesiredStatus;
  readonly suspendReason?: string;
  readonly hosts: readonly string[];
  /** Slug of the tenant above; default the main tenant. */
  readonly parent?: string;
  /** Outbox row to release; empty for none. */
  readonly invitationId: string;
}

/** A field that changed, as the audit keeps it. */
export interface FieldChange {
  readonly old: JsonValue;
  readonly new: JsonValue;
}

export interface RegisterResult {
  readonly outcome: "registered" | "updated" | "unchanged";
  /** Changed fields of a tenant that was registered before. */
  readonly changes: Readonly<Record<string, FieldChange>>;
}

/**
 * Makes master say what the entry says, in one transaction: organization, hosts, columns, status with its audit, release
 * of the invitation, cache epoch and the last two phases. The same again writes nothing. `announce` is called before the
 * transaction ends, unless nothing was written. Throws `E_ILLEGAL_TRANSITION`.
 */
export async function register(
  client: Client,
  wanted: Registration,
  run: Run,
  announce?: (outcome: "registered" | "updated") => Promise<void>,
): Promise<RegisterResult> {
  return withTransaction(client, async () => {
    const row = await lockRecordById(client, wanted.tenantId);
    if (row === undefined) throw new InternalError(`no record has the id '${wanted.tenantId}'`);
    const changes = changesOf(row, wanted);
    const hasWritten = [
      await writeOrganization(client, row, wanted, run),
      await reserveHosts(client, row.id, row.slug, wanted.hosts),
      await writeColumns(client, row, wanted, changes),
      await auditUpdate(client, row, changes, run),
      await walkTo(client, row, wanted, run),
      wanted.status !== "deleted" &&
        wanted.invitationId !== "" &&
        (await releaseInvitation(client, wanted.invitationId)),
    ].some(Boolean);
    if (!hasWritten) return { outcome: "unchanged", changes: {} };
    await recordPhase(client, row.id, "master_registered", run);
    await recordPhase(client, row.id, "complete", run);
    const outcome = row.activeAt === null ? "registered" : "updated";
    await announce?.(outcome);
    return { outcome, changes: outcome === "registered" ? {} : changes };
  });
}

/**
 * The steps from a status to the wanted one. Pure. A first registration passes through `active`, whatever is wanted; a
 * failed provisioning goes on as `provisioning` first; `deleted` is reached through `deleting`.
 */
export function pathTo(from: RecordStatus, wanted: DesiredStatus): readonly RecordStatus[] {
  if (from === wanted) return [];
  if (from === "provisioning_failed") return ["provisioning", ...pathTo("provisioning", wanted)];
  if (from === "provisioning") return ["active", ...pathTo("active", wanted)];
  return wanted === "deleted" && from !== "deleting" ? ["deleting", "deleted"] : [wanted];
}

/** Fields that differ between master and the entry, with old and new; no secret is among them. Pure. */
export function changesOf(row: TenantRow, wanted: Registration): Readonly<Record<string, FieldChange>> {
  const pairs: Readonly<Record<string, readonly [unknown, unknown]>> = {
    displayName: [row.displayName, wanted.displayName],
    legalName: [row.legalName, wanted.legalName ?? null],
    adminEmail: [row.adminEmail, wanted.adminEmail],
    plan: [row.plan, wanted.plan],
    labels: [row.labels, wanted.labels],
    settings: [row.settings, wanted.settings],
    hosts: [row.hosts, wanted.hosts],
  };
  const changed = Object.entries(pairs).filter(([, [old, next]]) => !isSameJson(old, next));
  return Object.fromEntries(
    changed.map(([field, [old, next]]) => [field, { old: old as JsonValue, new: next as JsonValue }]),
  );
}

/** A changed parent has a row in the audit; a changed name is a change of the record's. */
async function writeOrganization(
  client: Queryable,
  row: TenantRow,
  { displayName: name, parent: wanted, status }: Registration,
  run: Run,
): Promise<boolean> {
  const before = await readOrganization(client, row.id);
  // Who goes need not wait for who went: the tenant above may be purged by now.
  const parent = status === "deleted" && before !== undefined ? before.parent : wanted;
  const subject = { tenantId: row.id, slug: row.slug };
  const hasWritten = await upsertOrganization(client, { ...subject, name, parent });
  if (before !== undefined && before.parent !== parent)
    await appendAudit(client, subject, "TENANT_UPDATED", run, {
      changes: { parent: { old: before.parent ?? null, new: parent ?? null } },
    });
  return hasWritten;
}

async function writeColumns(
  client: Queryable,
  row: TenantRow,
  wanted: Registration,
  changes: Readonly<Record<string, FieldChange>>,
): Promise<boolean> {
  if (Object.keys(changes).length === 0) return false;
  await client.query(
    `UPDATE identity.tenant SET display_name = $2, legal_name = $3, admin_email = $4, plan = $5, labels = $6,
            settings = $7, hosts = $8, cache_epoch = cache_epoch + 1, updated_at = now() WHERE id = $1`,
    [
      row.id,
      wanted.displayName,
      wanted.legalName ?? null,
      wanted.adminEmail,
      wanted.plan,
      JSON.stringify(wanted.labels),
      JSON.stringify(wanted.settings),
      wanted.hosts,
    ],
  );
  return true;
}

/** A first registration is told by TENANT_PROVISIONED; afterwards every change has its row, that of a suspend reason too. */
async function auditUpdate(
  client: Queryable,
  row: TenantRow,
  changes: Readonly<Record<string, FieldChange>>,
  run: Run,
): Promise<boolean> {
  if (row.activeAt === null || Object.keys(changes).length === 0) return false;
  await appendAudit(client, { tenantId: row.id, slug: row.slug }, "TENANT_UPDATED", run, {
    changes: Object.fromEntries(
      Object.entries(changes).map(([field, change]) => [field, { old: change.old, new: change.new }]),
    ),
  });
  return true;
}

async function walkTo(client: Queryable, row: TenantRow, wanted: Registration, run: Run): Promise<boolean> {
  if (row.status === "suspended" && wanted.status === "suspended")
    return changeReason(client, row, wanted, run);
  let current = row;
  for (const step of pathTo(row.status, wanted.status))
    current = await applyTransition(client, current, step, run, {
      ...(step === "suspended" && wanted.suspendReason !== undefined ? { reason: wanted.suspendReason } : {}),
      ...(step === "active" && current.status === "provisioning"
        ? { details: provisionedDetails(row, wanted) }
        : {}),
    });
  return current !== row;
}

async function changeReason(
  client: Queryable,
  row: TenantRow,
  wanted: Registration,
  run: Run,
): Promise<boolean> {
  const next = wanted.suspendReason ?? null;
  if (row.statusReason === next) return false;
  await client.query(
    "UPDATE identity.tenant SET status_reason = $2, cache_epoch = cache_epoch + 1, updated_at = now() WHERE id = $1",
    [row.id, next],
  );
  await appendAudit(client, { tenantId: row.id, slug: row.slug }, "TENANT_UPDATED", run, {
    changes: { suspendReason: { old: row.statusReason, new: next } },
  });
  return true;
}

function provisionedDetails(row: TenantRow, wanted: Registration): Readonly<Record<string, JsonValue>> {
  return {
    server: row.server,
    database: row.databaseName,
    hosts: wanted.hosts,
    plan: wanted.plan,
    displayName: wanted.displayName,
  };
}
