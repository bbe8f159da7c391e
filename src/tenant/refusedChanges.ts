import { UserError } from "./errors.ts";
import { entryPath } from "./load.ts";

/** Words for another `server` than the one a tenant's database is on. */
export function moveRefusal(from: string, to: string): string {
  return `'server': the tenant's database is on '${from}'; moving it to '${to}' is not built yet. Set 'server' back to '${from}' or 'auto'.`;
}

/** Words for another `region` than that of the server a tenant's database is on. */
export function regionMoveRefusal(server: string, from: string, to: string): string {
  return `'region': the tenant's database is on '${server}' in '${from}'; moving it to '${to}' is not built yet. Set 'region' back to '${from}' or 'any'.`;
}

/** `E_IMMUTABLE` for the entry of a living tenant under another file name. */
export function renameRefusal(from: string, to: string): UserError {
  return new UserError(
    "E_IMMUTABLE",
    `${entryPath(to)}: the file name never changes: this is tenant '${from}', whose '${entryPath(from)}' is gone. Nothing was touched.`,
    {
      hint: `Rename the file back to '${entryPath(from)}'. A second tenant beside it needs both files.`,
    },
  );
}
