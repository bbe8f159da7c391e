import { randomUUID } from "node:crypto";
import { dropDatabase, workDatabaseNames } from "../postgres/index.ts";
import {
  type BackupRow,
  type ExpiredBackup,
  forgetDatabase,
  type KeptDatabase,
  listBackups,
  listExpiredBackups,
  listExpiredDatabases,
  listRecords,
  recordBackupDeleted,
} from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import { removeBackup } from "../transfer/index.ts";
import { recordNewBackup } from "./backUp.ts";
import type { OperationContext } from "./context.ts";
import { readClock, requireHoused } from "./housedTenant.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** PRODUCT.md item 8: how long a daily backup is kept. */
const DAILY_BACKUP_DAYS = 30;
const DAY_MS = 86_400_000;

/** What became of a round over many tenants; a tenant that fails doesn't stop the others. */
export interface RoundOutcome {
  /** Slugs for which something was done; one as often as that was. */
  readonly done: readonly string[];
  /** Held by another run: due again next time. */
  readonly held: readonly string[];
  readonly failed: readonly { readonly slug: string; readonly code: string; readonly message: string }[];
}

/**
 * One backup a day (UTC, master's clock) of every active or suspended tenant, kept 30 days. Whoever comes second on the same day,
 * or at the same moment, does nothing twice.
 */
export async function takeDailyBackups(context: OperationContext): Promise<RoundOutcome> {
  const records = await context.access.withMaster((client) => listRecords(client));
  const wanted = records.filter(({ status }) => status === "active" || status === "suspended");
  return inRound(context, wanted, ({ slug }) => takeDailyBackup(context, slug));
}

/** Answers whether one was due. */
async function takeDailyBackup(context: OperationContext, slug: string): Promise<boolean> {
  const { access } = context;
  if (!(await isDue(context, slug))) return false;
  return withTenantHeld(context, slug, async () => {
    // Another run may have been faster.
    if (!(await isDue(context, slug))) return false;
    const tenant = await requireHoused(context, slug);
    const now = await access.withMaster(readClock);
    context.note(`daily backup of '${slug}'`);
    await recordNewBackup(context, tenant, {
      ...{ kind: "daily", name: "daily", id: randomUUID(), namedAt: startOfDay(now) },
      deletedAfter: new Date(now.getTime() + DAILY_BACKUP_DAYS * DAY_MS),
    });
    return true;
  });
}

async function isDue(context: OperationContext, slug: string): Promise<boolean> {
  const { id } = await requireHoused(context, slug);
  return context.access.withMaster(async (client) => {
    const today = startOfDay(await readClock(client));
    const backups = await listBackups(client, id);
    return !backups.some((backup) => isDailyOf(backup, today));
  });
}

function isDailyOf({ kind, takenAt }: BackupRow, day: Date): boolean {
  return kind === "daily" && startOfDay(takenAt).getTime() === day.getTime();
}

function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
}

/**
 * Removes the files of backups whose time is over (dailies after 30 days, a final one after 90) and of everything but the final
 * backups of purged tenants; and the databases that a restore put aside, a week later. What is gone already is done.
 */
export async function pruneBackups(context: OperationContext): Promise<RoundOutcome> {
  const { access } = context;
  const expired = await access.withMaster((client) => listExpiredBackups(client));
  const files = await inRound(context, expired, (backup) => pruneBackup(context, backup));
  const kept = await access.withMaster(listExpiredDatabases);
  const databases = await inRound(context, kept, (database) => pruneDatabase(context, database));
  return {
    done: [...files.done, ...databases.done],
    held: [...files.held, ...databases.held],
    failed: [...files.failed, ...databases.failed],
  };
}

/** Only what has the name that a tenant's id gives, or nothing. */
async function pruneDatabase(context: OperationContext, kept: KeptDatabase): Promise<boolean> {
  const { slug, tenantId, server, name } = kept;
  return withTenantHeld(context, slug, async () => {
    if (workDatabaseNames(tenantId).includes(name))
      await context.access.withAdmin(server, ({ client }) => dropDatabase(client, name));
    await context.access.withMaster((client) => forgetDatabase(client, kept));
    return true;
  });
}

async function pruneBackup(context: OperationContext, backup: ExpiredBackup): Promise<boolean> {
  return withTenantHeld(context, backup.slug, async () => {
    await removeBackup(backup.slug, backup.location);
    context.point("prune:removed");
    return context.access.withMaster((client) => recordBackupDeleted(client, backup, context.run));
  });
}

async function inRound<T extends { readonly slug: string }>(
  context: OperationContext,
  items: readonly T[],
  act: (item: T) => Promise<boolean>,
): Promise<RoundOutcome> {
  const done: string[] = [];
  const held: string[] = [];
  const failed: { slug: string; code: string; message: string }[] = [];
  for (const item of items) {
    if (context.signal.aborted) break;
    try {
      if (await act(item)) done.push(item.slug);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { code, message } = error;
      if (code === "E_LOCKED") held.push(item.slug);
      else failed.push({ slug: item.slug, code, message });
    }
  }
  return { done, held, failed };
}
