import { UserError } from "../tenant/errors.ts";

/** Throws `E_CONFIRM` unless the slug was given once more. `command` is what the message calls it. */
export function assertConfirmed(command: string, slug: string, confirm: unknown): void {
  if (confirm === slug) return;
  const got = typeof confirm === "string" ? `'${confirm}'` : "no `--confirm`";
  throw new UserError(
    "E_CONFIRM",
    `\`${command}\`: expected \`--confirm ${slug}\`; got ${got}. Nothing was touched.`,
  );
}
