import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../tenant/errors.ts";

/** What the user can fix is shown by Pulumi as code and words without a stack; a defect keeps its stack. */
export function toRunError(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const hint = error.hint === undefined ? "" : `\n  ${error.hint}`;
  return new pulumi.RunError(`${error.code}: ${error.message}${hint}`);
}
