import { explainMigration, loadMigrations } from "../hooks/index.ts";
import { filesUpTo, type MigrationFile } from "../postgres/index.ts";
import type { MigrationPlan } from "../tenant/desired.ts";
import { PROJECT_ROOT } from "./projectRoot.ts";
import { isKnown } from "./protocol/wire.ts";
import type { Refusal } from "./resource.ts";

/** File name → checksum. */
export type FileMap = Readonly<Record<string, string>>;

/** The SQL files that a new database brings along: those up to the plan's target; none for a command. */
export async function templateFiles(plan: MigrationPlan, slug: string): Promise<readonly MigrationFile[]> {
  const files = await loadMigrations(plan, PROJECT_ROOT, slug);
  return explaining(plan, slug, async () => filesUpTo(files, plan.target));
}

/** Runs what throws the PostgreSQL room's migration errors, and words them for the user. */
export async function explaining<T>(plan: MigrationPlan, slug: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw explainMigration(error, { slug, dir: dirOf(plan) });
  }
}

/** Folder of a plan's files, as the config says it. */
export function dirOf(plan: MigrationPlan): string {
  return plan.kind === "sql" ? plan.dir : "";
}

/** Refuses files that were applied and then changed (`E_CHECKSUM_CHANGED`) or removed (`E_MIGRATION_REMOVED`). Pure. */
export function refuseEdited(dir: string, news: unknown, olds: FileMap | undefined): readonly Refusal[] {
  if (olds === undefined || !isKnown(news)) return [];
  const files = news as FileMap;
  return Object.entries(olds).flatMap(([name, checksum]) => {
    const reason = refusalOf(checksum, files[name]);
    return reason === undefined
      ? []
      : [{ property: "files", reason: `${reason.code}: ${dir}/${name}: ${reason.words}` }];
  });
}

function refusalOf(old: string, now: string | undefined): { code: string; words: string } | undefined {
  if (now === undefined) {
    return {
      code: "E_MIGRATION_REMOVED",
      words: "is applied and its file is gone; expected it unchanged. Put it back.",
    };
  }
  if (now === old) return undefined;
  const words = `was applied with checksum ${old.slice(0, 12)} and now has ${now.slice(0, 12)}; expected it unchanged. Put it back; what should change is a new migration.`;
  return { code: "E_CHECKSUM_CHANGED", words };
}
