import { randomUUID } from "node:crypto";
import {
  type BackupRow,
  type ExpiredBackup,
  listBackups,
  listExpiredBackups,
  listRecords,
  readClock,
  recordBackupDeleted,
} from "../../registry/index.ts";
import { removeBackup } from "../../transfer/index.ts";
import { recordNewBackup } from "../backUp.ts";
import type { OperationContext } from "../context.ts";
import { requireHoused } from "../housedTenant.ts";
import type { MaintenanceTask } from "./task.ts";

/** PRODUCT.md item 8: how long a daily backup is kept. */
const DAILY_BACKUP_DAYS = 30;
const DAY_MS = 86_400_000;

/** One backup a day (UTC, master's clock) of every active or suspended tenant, kept 30 days. */
export const backups: MaintenanceTask = {
  name: "backups",
  isTenantHeld: true,
  due: async (context) => {
    const due = await context.access.withMaster(async (client) => {
      const today = startOfDay(await readClock(client));
      const slugs: string[] = [];
      for (const { id, slug, status } of await listRecords(client)) {
        const isLiving = status === "active" || status === "suspended";
        if (isLiving && !hasDailyOf(await listBackups(client, id), today)) slugs.push(slug);
      }
      return slugs;
    });
    return due.map((slug) => ({ slug, words: "daily backup", run: () => backUp(context, slug) }));
  },
};

async function backUp(context: OperationContext, slug: string): Promise<string | undefined> {
  const tenant = await requireHoused(context, slug);
  const { now, taken } = await context.access.withMaster(async (client) => ({
    now: await readClock(client),
    taken: await listBackups(client, tenant.id),
  }));
  if (hasDailyOf(taken, startOfDay(now))) return undefined;
  context.point("maintain:backups:begun");
  await recordNewBackup(context, tenant, {
    ...{ kind: "daily", name: "daily", id: randomUUID(), namedAt: startOfDay(now) },
    deletedAfter: new Date(now.getTime() + DAILY_BACKUP_DAYS * DAY_MS),
  });
  return "daily backup taken";
}

function hasDailyOf(taken: readonly BackupRow[], day: Date): boolean {
  return taken.some(
    ({ kind, takenAt }) => kind === "daily" && startOfDay(takenAt).getTime() === day.getTime(),
  );
}

function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
}

/**
 * Removes the files of backups whose time is over (dailies after 30 days, a final one after 90) and of everything but the final
 * backups of purged tenants. A file that is gone already is done.
 */
export const pruning: MaintenanceTask = {
  name: "pruning",
  isTenantHeld: true,
  due: async (context) => {
    const expired = await context.access.withMaster((client) => listExpiredBackups(client));
    return expired.map((backup) => ({
      slug: backup.slug,
      words: `remove backup ${backup.id}, whose time is over`,
      run: () => prune(context, backup),
    }));
  },
};

async function prune(context: OperationContext, backup: ExpiredBackup): Promise<string | undefined> {
  await removeBackup(backup.slug, backup.location);
  context.point("prune:removed");
  const isOurs = await context.access.withMaster((client) =>
    recordBackupDeleted(client, backup, context.run),
  );
  return isOurs ? `backup ${backup.id} removed` : undefined;
}
