import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DesiredTenant } from "../../tenant/desired.ts";
import { DEFAULT_PLAN } from "../../tenant/entrySchema.ts";
import { UserError } from "../../tenant/errors.ts";
import { judgeEntry } from "../../tenant/judgeEntry.ts";
import { entryPath, loadEntry, loadWorkspace } from "../../tenant/load.ts";
import { NO_MIGRATION } from "../../tenant/migrationFiles.ts";
import { renderNewEntry } from "../../tenant/newEntry.ts";
import { refuseProblems } from "../../tenant/problems.ts";
import { loadTenant } from "../../tenant/select.ts";
import type { OperationContext } from "../context.ts";
import type { FoundDatabase } from "./lookAtDatabase.ts";

/** What an entry that isn't there yet is made from. */
export interface EntryWords {
  readonly displayName?: string;
  readonly legalName?: string;
  readonly adminEmail?: string;
  readonly plan?: string;
}

/** An entry that has to be written, or one that is there. */
export interface PreparedEntry {
  readonly file: string;
  /** Undefined where the file is there and stays as it is. */
  readonly text: string | undefined;
}

/**
 * The entry of a tenant that is to be attached: the one that is there, which must name the database, or the text of a new one,
 * judged. Without `--migrate` a new one holds the tenant at the database's last migration. Throws `E_INVALID_ENTRY`, `E_CONFIRM`.
 */
export function prepareEntry(
  context: OperationContext,
  slug: string,
  words: EntryWords,
  found: FoundDatabase,
  shouldMigrate: boolean,
): PreparedEntry {
  const file = entryPath(slug);
  assertKnowable(context, slug, shouldMigrate);
  if (loadEntry(context.root, slug) !== undefined) {
    assertFits(loadTenant(context.root, slug, context.config), file, found, shouldMigrate);
    return { file, text: undefined };
  }
  const { displayName, adminEmail, legalName, plan = DEFAULT_PLAN } = words;
  if (displayName === undefined || adminEmail === undefined)
    throw new UserError(
      "E_INVALID_ENTRY",
      `${file}: expected an entry, or what to write one from; got neither.`,
      {
        hint: "Give `--display-name` and `--admin-email`.",
      },
    );
  const isHeld = !shouldMigrate && found.pending.length > 0;
  const text = renderNewEntry({
    ...{ displayName, adminEmail, plan, environments: [context.environment] },
    ...(legalName === undefined ? {} : { legalName }),
    ...{ server: found.server, database: found.database },
    ...(isHeld ? { migrationTarget: found.lastMigration === "" ? NO_MIGRATION : found.lastMigration } : {}),
  });
  refuseProblems([...judgeEntry(loadWorkspace(context.root), context.environment, slug, text)]);
  return { file, text };
}

/** Writes a new entry; one that somebody wrote meanwhile stays, and is told. */
export function writeEntry(root: string, { file, text }: PreparedEntry): boolean {
  if (text === undefined) return false;
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: "wx" });
  return true;
}

/** What a command migrates, only the command knows. */
function assertKnowable({ config }: OperationContext, slug: string, shouldMigrate: boolean): void {
  const { migrations: plan } = config;
  if (plan.kind === "sql" || shouldMigrate) return;
  throw new UserError(
    "E_CONFIRM",
    `Attach of '${slug}': what is missing only \`${plan.run}\` knows, and it would run; expected \`--migrate\`. Nothing was touched.`,
  );
}

function assertFits(
  tenant: DesiredTenant,
  file: string,
  { server, database, pending }: FoundDatabase,
  shouldMigrate: boolean,
): void {
  if (tenant.databaseName !== database)
    throw new UserError(
      "E_INVALID_ENTRY",
      `${file} 'database': expected '${database}', which is to be attached; got '${tenant.databaseName}'. Nothing was touched.`,
    );
  if (tenant.server !== server)
    throw new UserError(
      "E_INVALID_ENTRY",
      `${file} 'server': expected '${server}', where database '${database}' is; got '${tenant.server}'. Nothing was touched.`,
    );
  const { target } = tenant.migrations;
  const missing = pending.filter((name) => target === undefined || name.slice(0, 4) <= target);
  if (shouldMigrate || missing.length === 0) return;
  throw new UserError(
    "E_CONFIRM",
    `Attach of '${tenant.slug}': ${missing.length} migrations are missing and would run: ${missing.join(", ")}; expected \`--migrate\`. Nothing was touched.`,
    {
      hint: `To go without them, hold the tenant in ${file}: \`migrations: { target: "…" }\`, "0000" for none.`,
    },
  );
}
