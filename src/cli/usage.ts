import { email } from "../tenant/values.ts";

/** Exit code of a wrong call: nothing was touched. */
export const EXIT_USAGE = 2;

/** A command line that says nothing, or two things at once. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Throws UsageError for what no mail can be sent to. */
export function assertEmail(option: string, address: string): void {
  if (!email.safeParse(address).success)
    throw new UsageError(`\`${option}\`: expected an email address; got '${address}'.`);
}
