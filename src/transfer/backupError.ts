import { UserError } from "../tenant/errors.ts";

/** `E_BACKUP_FAILED` for one tenant. */
export function backupError(slug: string, problem: string, cause?: unknown, hint?: string): UserError {
  return new UserError("E_BACKUP_FAILED", `Backup of tenant '${slug}': ${problem}.`, {
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint }),
  });
}
