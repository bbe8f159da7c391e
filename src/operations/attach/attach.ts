import { randomBytes } from "node:crypto";
import {
  adoptDatabase,
  ensureRole,
  ForeignObjectError,
  scramVerifier,
  tenantLockKey,
  withAdvisoryLock,
} from "../../postgres/index.ts";
import {
  appendAudit,
  readRecord,
  recordAttachment,
  reserveTenant,
  type TenantRow,
} from "../../registry/index.ts";
import type { DesiredTenant } from "../../tenant/desired.ts";
import { UserError } from "../../tenant/errors.ts";
import { loadTenant } from "../../tenant/select.ts";
import type { OperationContext } from "../context.ts";
import { provision } from "../provisionFirst.ts";
import { markerOf } from "../replaceDatabase.ts";
import { withTenantHeld } from "../tenantHeld.ts";
import { type EntryWords, prepareEntry, writeEntry } from "./attachEntry.ts";
import { type FoundDatabase, lookAtDatabase } from "./lookAtDatabase.ts";

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;
/** Of a password that nobody ever knows: the stack's run sets the real one. */
const PASSWORD_BYTES = 32;

/** What is to be attached. */
export interface AttachRequest extends EntryWords {
  readonly database: string;
  /** Default: the one active server that has it. */
  readonly server?: string;
  /** Runs the migrations that are missing. */
  readonly shouldMigrate: boolean;
  /** Looks and judges, and writes nothing. */
  readonly isDryRun?: boolean;
}

/** What came of {@link attach}. */
export interface Attached {
  readonly slug: string;
  readonly outcome: "attached" | "was attached" | "could be attached";
  readonly server: string;
  readonly database: string;
  /** Migrations that the database lacked; they were run only where that was asked. */
  readonly missing: readonly string[];
  /** The entry, where this call wrote it. */
  readonly written?: string;
}

/**
 * Makes a database that is there a tenant's, with its data: marks it, makes it and what is in it the tenant role's, and lets the
 * stack's own run do the rest. Creates and drops no table but those of schema `tenantry`; runs migrations only where asked. Writes
 * the entry where there is none. A tenant that has this database already is done; a killed attach goes on; one that the tenant's
 * content refuses is undone: the database is given back as it was. Throws `E_PARTIAL_STATE`, `E_DB_SERVER_NOT_FOUND`,
 * `E_INVALID_ENTRY`, `E_CONFIRM`, `E_ALREADY_PROVISIONED`, `E_LOCKED`.
 */
export async function attach(
  context: OperationContext,
  slug: string,
  request: AttachRequest,
): Promise<Attached> {
  return withTenantHeld(context, slug, async (hold) => {
    const record = await context.access.withMaster((client) => readRecord(client, slug));
    if (record !== undefined && record.activeAt !== null) return wasAttached(record, request);
    const { database, server, shouldMigrate } = request;
    const found = await lookAtDatabase(context, { slug, tenantId: record?.id, database, server });
    const entry = prepareEntry(context, slug, request, found, shouldMigrate);
    const { pending: missing } = found;
    const facts = { slug, server: found.server, database, missing };
    if (request.isDryRun === true) return { ...facts, outcome: "could be attached" };
    if (missing.length > 0) context.note(`${missing.length} migrations are missing: ${missing.join(", ")}`);
    const isWritten = writeEntry(context.root, entry);
    if (isWritten) context.note(`${entry.file} written`);
    context.point("attach:entry written");
    const tenant = loadTenant(context.root, slug, context.config);
    const { id: tenantId } = await adopt(context, tenant, found);
    await provision(context, tenant, hold);
    const details = { server: found.server, database, missing: [...missing], isMigrated: shouldMigrate };
    await context.access.withMaster((client) =>
      appendAudit(client, { tenantId, slug }, "TENANT_ATTACHED", context.run, details),
    );
    return { ...facts, outcome: "attached", ...(isWritten ? { written: entry.file } : {}) };
  });
}

function wasAttached({ slug, server, databaseName, status }: TenantRow, request: AttachRequest): Attached {
  if (databaseName === request.database && (request.server === undefined || request.server === server))
    return { slug, outcome: "was attached", server: server ?? "", database: databaseName, missing: [] };
  throw new UserError(
    "E_ALREADY_PROVISIONED",
    `Tenant '${slug}' is '${status}' with database '${databaseName}' on '${server}'; expected a slug without a life, or that database.`,
    { hint: "A tenant keeps its database for life. `tenantry restore` replaces its data." },
  );
}

/** Record first, with what an undo needs; then role, marker, owners. */
async function adopt(
  context: OperationContext,
  tenant: DesiredTenant,
  { server, database, before, isMarked }: FoundDatabase,
): Promise<TenantRow> {
  const { access, run, point, note } = context;
  const record = await access.withMaster(async (client) => {
    const { record: reserved } = await reserveTenant(client, tenant, run);
    if (!isMarked)
      await recordAttachment(client, { tenantId: reserved.id, server, database, previous: before });
    return reserved;
  });
  point("attach:reserved");
  note(`making ${before.objects.length} objects of database '${database}' those of '${tenant.roleName}'`);
  const marker = markerOf(record);
  const verifier = await scramVerifier(randomBytes(PASSWORD_BYTES).toString("base64url"));
  await access.withAdmin(server, (admin) =>
    withAdvisoryLock(
      admin.client,
      tenantLockKey(tenant.slug),
      async () => {
        await ensureRole(admin.client, { name: tenant.roleName, marker, verifier, canLogin: false }).catch(
          explainForeignRole,
        );
        point("attach:role");
        await adoptDatabase(admin, { database, role: tenant.roleName, marker });
      },
      { waitMs: LOCK_WAIT_MS },
    ),
  );
  point("attach:adopted");
  return record;
}

function explainForeignRole(error: unknown): never {
  if (!(error instanceof ForeignObjectError)) throw error;
  throw new UserError("E_PARTIAL_STATE", error.message, {
    cause: error,
    hint: "Find out whose this role is; rename it, or attach under another database name.",
  });
}
