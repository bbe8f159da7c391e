import { listRecords, type TenantRow } from "../../registry/index.ts";
import { UserError } from "../../tenant/errors.ts";
import type { PlatformGuardInputs, PlatformGuardOutputs } from "../../tenant/resources.ts";
import type { ResourceType } from "../resource.ts";

/** Stands for nothing; is deleted before everything of the platform, and refuses that while a tenant lives. */
export const platformGuard: ResourceType<PlatformGuardInputs, PlatformGuardOutputs> = {
  name: "PlatformGuard",
  immutable: ["environment"],
  idOf: ({ environment }) => `${environment}/guard`,
  predict: async (news) => news,
  create: async (inputs) => inputs,
  update: async (_, news) => news,
  read: async ({ inputs, outputs }) => {
    if (Object.keys(outputs).length === 0) return undefined;
    return { inputs: inputs as PlatformGuardInputs, outputs: outputs as PlatformGuardOutputs };
  },
  delete: async ({ outputs: { environment } }, run) => {
    const records = await run.access.withMaster((client) => listRecords(client));
    const living = records.filter((record) => !isUndone(record));
    if (living.length === 0) return;
    const names = living.map(({ slug, status }) => `'${slug}' (${status})`).join(", ");
    throw new UserError(
      "E_PLATFORM_IN_USE",
      `Platform '${environment}' holds ${living.length} tenant(s): ${names}; expected none.`,
      { hint: "Purge them first." },
    );
  },
};

/** A failed first run that was undone holds nothing but its name. */
function isUndone({ status, server }: TenantRow): boolean {
  return status === "provisioning_failed" && server === null;
}
