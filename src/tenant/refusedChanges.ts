import { UserError } from "./errors.ts";
import { entryPath } from "./load.ts";

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

/** `E_RETENTION` with the time until which a deleted tenant's data is kept. */
export function retentionRefusal(slug: string, until: Date): UserError {
  return new UserError(
    "E_RETENTION",
    `Tenant '${slug}' is 'deleted' and kept until ${until.toISOString()}; expected that time to be over.`,
    {
      hint: `To purge it before: \`tenantry destroy ${slug} --purge --confirm ${slug}\`, or \`purge: ${slug}\` in ${entryPath(slug)}, then \`up\` and \`destroy\`.`,
    },
  );
}

/** `E_HOLD` for a step that a legal hold forbids. */
export function holdRefusal(slug: string, step: "delete" | "purge"): UserError {
  return new UserError(
    "E_HOLD",
    `Tenant '${slug}' is under legal hold; expected 'hold: false' before a ${step}.`,
    {
      hint: `Set \`hold: false\` in ${entryPath(slug)} and run \`tenantry up ${slug}\` first, so that the review and the audit say who lifted it.`,
    },
  );
}

/** `E_ILLEGAL_TRANSITION` for a tenant whose purge was cut off: there is no way back. */
export function purgeBegun(slug: string): UserError {
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' is 'purging'; expected the purge to be finished before anything else. Nothing was touched.`,
    {
      hint: `Keep \`status: deleted\` in ${entryPath(slug)} and run \`tenantry destroy ${slug} --purge --confirm ${slug}\`; \`up\` can then make a new life.`,
    },
  );
}
