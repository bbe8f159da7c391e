import type { Queryable } from "../postgres/index.ts";
import {
  type AuditRow,
  type BackupRow,
  listAllBackups,
  listLives,
  readAudit,
  type TenantRow,
} from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";

/** What was destroyed of a slug's purged lives, by whom, and what is still there. Shape: docs/documents.md. */
export interface Certificate {
  readonly document: "tenantry certificate";
  readonly version: 1;
  readonly environment: string;
  readonly slug: string;
  readonly issuedAt: Date;
  readonly lives: readonly DestroyedLife[];
}

/** One purged life. */
export interface DestroyedLife {
  readonly id: string;
  readonly displayName: string | null;
  readonly activeAt: Date | null;
  readonly deletedAt: Date | null;
  readonly purgingAt: Date | null;
  readonly purgedAt: Date;
  /** Who ran the purge, and of which commit. */
  readonly destroyedBy: {
    readonly platformUserId: string | null;
    readonly osUser: string | null;
    readonly gitCommit: string | null;
  };
  /** Names of what is gone. */
  readonly destroyed: {
    readonly server: string | null;
    readonly database: string;
    readonly role: string;
    readonly secret: string;
    readonly hosts: readonly string[];
    readonly backups: readonly { readonly id: string; readonly kind: string; readonly deletedAt: Date }[];
  };
  /** What is still there, and until when. */
  readonly outlives: {
    /** Final backups whose files are there. */
    readonly backups: readonly {
      readonly id: string;
      readonly kind: string;
      readonly location: string;
      readonly sha256: string;
      readonly takenAt: Date;
      readonly keptUntil: Date | null;
    }[];
    /** Deleted in the vault, which keeps deleted secrets for its own retention; its password opens nothing any more. */
    readonly softDeletedSecret: string;
    /** Row of master that says that this life was. */
    readonly tombstone: true;
    readonly auditRows: number;
  };
}

/**
 * The certificate of what was destroyed, from master's rows alone. With `lifeId` of that life, also where the slug lives again.
 * Throws `E_ILLEGAL_TRANSITION` for a tenant that lives or never was.
 */
export async function certificate(
  context: OperationContext,
  slug: string,
  lifeId?: string,
): Promise<Certificate> {
  return context.access.withMasterReader(async (client) => {
    const purged = choosePurged(slug, await listLives(client, slug), lifeId);
    const audit = await readAudit(client, slug);
    const lives: DestroyedLife[] = [];
    for (const life of purged) lives.push(await describeLife(client, life, audit));
    const { rows } = await client.query("SELECT clock_timestamp() AS now");
    const { environment } = context;
    return { document: "tenantry certificate", version: 1, environment, slug, issuedAt: rows[0].now, lives };
  });
}

type PurgedRow = TenantRow & { readonly purgedAt: Date };

function choosePurged(
  slug: string,
  lives: readonly TenantRow[],
  lifeId: string | undefined,
): readonly PurgedRow[] {
  const wanted = lifeId === undefined ? lives : lives.filter(({ id }) => id === lifeId);
  const living = wanted.find(({ status }) => status !== "purged");
  if (living !== undefined)
    throw new UserError(
      "E_ILLEGAL_TRANSITION",
      `Tenant '${slug}' is '${living.status}'; expected a purged one: nothing of it is destroyed.`,
      lives.some(({ status }) => status === "purged")
        ? { hint: "`--life <id>` certifies an earlier life." }
        : {},
    );
  const purged = wanted.filter((life): life is PurgedRow => life.purgedAt !== null);
  if (purged.length > 0) return purged;
  if (lifeId === undefined) throw missingRecord(slug);
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' has no life '${lifeId}'; expected one of ${lives.map(({ id }) => `'${id}'`).join(", ")}.`,
  );
}

async function describeLife(
  client: Queryable,
  life: PurgedRow,
  audit: readonly AuditRow[],
): Promise<DestroyedLife> {
  const { id, displayName, activeAt, deletedAt, purgingAt, purgedAt } = life;
  const own = audit.filter(({ tenantId }) => tenantId === id);
  const end = own.findLast(({ event }) => event === "TENANT_PURGED");
  const { platformUserId = null, osUser = null, gitCommit = null } = end ?? {};
  const backups = await listAllBackups(client, id);
  const { server, databaseName: database, roleName: role, secretName: secret, hosts } = life;
  return {
    ...{ id, displayName, activeAt, deletedAt, purgingAt, purgedAt },
    destroyedBy: { platformUserId, osUser, gitCommit },
    destroyed: { server, database, role, secret, hosts, backups: backups.flatMap(destroyedBackup) },
    outlives: {
      backups: backups.filter((backup) => backup.deletedAt === null).map(keptBackup),
      softDeletedSecret: secret,
      tombstone: true,
      auditRows: own.length,
    },
  };
}

function destroyedBackup({ id, kind, deletedAt }: BackupRow) {
  return deletedAt === null ? [] : [{ id, kind, deletedAt }];
}

function keptBackup({ id, kind, location, sha256, takenAt, deletedAfter: keptUntil }: BackupRow) {
  return { id, kind, location, sha256, takenAt, keptUntil };
}
