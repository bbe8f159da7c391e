import { join } from "node:path";
import { type MigrationFile, readMigrationFiles } from "../postgres/index.ts";
import type { MigrationPlan } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { explainMigration } from "./explainMigration.ts";

/** Every SQL file of a plan, in order; none for a command. Throws `E_MIGRATIONS_FAILED` for a folder or file that won't do. */
export async function loadMigrations(
  plan: MigrationPlan,
  projectRoot: string,
  slug: string,
): Promise<readonly MigrationFile[]> {
  if (plan.kind === "command") return [];
  try {
    return await readMigrationFiles(join(projectRoot, plan.dir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined)
      throw new UserError(
        "E_MIGRATIONS_FAILED",
        `${plan.dir}: ${(error as Error).message}; expected a folder of SQL files (tenant '${slug}').`,
        { cause: error },
      );
    throw explainMigration(error, { slug, dir: plan.dir });
  }
}
