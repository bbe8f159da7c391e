import {
  LockHeldError,
  MigrationFailedError,
  MigrationRefusedError,
  TamperedSchemaError,
} from "../postgres/index.ts";
import { type ErrorCode, UserError } from "../tenant/errors.ts";
import { tamperedError } from "./ownTables.ts";

/** What a message about migrations names. */
export interface MigrationScene {
  readonly slug: string;
  /** Folder of the files as the config says it, e.g. `migrations/tenant`. */
  readonly dir: string;
}

const CODE_OF: Readonly<Partial<Record<MigrationRefusedError["refusal"], ErrorCode>>> = {
  changed: "E_CHECKSUM_CHANGED",
  removed: "E_MIGRATION_REMOVED",
};

/** The user's error for what `migrate` or `ensureTemplate` threw; any other error is given back as it is. */
export function explainMigration(error: unknown, { slug, dir }: MigrationScene): unknown {
  if (error instanceof MigrationFailedError) {
    const state = error.sqlState === undefined ? "" : ` (SQLSTATE ${error.sqlState})`;
    return new UserError(
      "E_MIGRATIONS_FAILED",
      `${dir}/${error.fileName}:${error.line}: ${error.reason}${state}; tenant '${slug}' stays on its last version.`,
      { hint: `Mend the file and run \`up ${slug}\` again.`, cause: error },
    );
  }
  if (error instanceof MigrationRefusedError) {
    const line = error.line === undefined ? "" : `:${error.line}`;
    const where =
      error.refusal === "target" ? `${dir}: target '${error.fileName}'` : `${dir}/${error.fileName}${line}`;
    return new UserError(
      CODE_OF[error.refusal] ?? "E_MIGRATIONS_FAILED",
      `${where}: ${error.reason} (tenant '${slug}').`,
      { cause: error },
    );
  }
  if (error instanceof LockHeldError)
    return new UserError("E_LOCKED", `Tenant '${slug}': ${error.message}; expected no other run.`, {
      cause: error,
    });
  if (error instanceof TamperedSchemaError) return tamperedError(slug, error);
  return error;
}
