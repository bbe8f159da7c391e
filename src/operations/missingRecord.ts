import { UserError } from "../tenant/errors.ts";

/** `E_ILLEGAL_TRANSITION` for an operation on a slug that has no living record. */
export function missingRecord(slug: string): UserError {
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' has no record in master; expected a provisioned tenant.`,
    {
      hint: `\`tenantry up ${slug}\` provisions it.`,
    },
  );
}
