import { UserError } from "../tenant/errors.ts";

/** What to do where nothing better is known. */
const RUN_AGAIN =
  "Nothing of the tenant is lost: mend this and run the same command again, which takes the backup anew.";

/** `E_BACKUP_FAILED` for one tenant. */
export function backupError(slug: string, problem: string, cause?: unknown, hint?: string): UserError {
  return new UserError("E_BACKUP_FAILED", `Backup of tenant '${slug}': ${problem}.`, {
    ...(cause === undefined ? {} : { cause }),
    hint: hint ?? RUN_AGAIN,
  });
}
