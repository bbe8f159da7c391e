import { listRecords } from "../../registry/index.ts";
import { namesOf, openObserver, statusOf, type TenantStatus } from "../../status/index.ts";
import { UserError } from "../../tenant/errors.ts";
import { loadEntry } from "../../tenant/load.ts";
import { loadTenant } from "../../tenant/select.ts";
import type { OperationContext } from "../context.ts";
import type { MaintenanceTask } from "./task.ts";

/** A look at each active tenant: database, secret, DNS and CDN. */
export const health: MaintenanceTask = {
  name: "health",
  isTenantHeld: false,
  due: async (context) => {
    const records = await context.access.withMaster((client) => listRecords(client));
    const active = records.filter(
      ({ slug, status }) => status === "active" && loadEntry(context.root, slug) !== undefined,
    );
    return active.map(({ slug }) => ({ slug, words: "look", run: () => look(context, slug) }));
  },
};

async function look(context: OperationContext, slug: string): Promise<string> {
  const { platformVaultUrl, tenantVaultUrl, masterReadRef: masterRef } = context.provider;
  const tenant = loadTenant(context.root, slug, context.config);
  const observer = await openObserver({ platformVaultUrl, tenantVaultUrl, masterRef });
  try {
    const status = statusOf(await observer.observe(namesOf(tenant)));
    const ills = illsOf(status);
    if (ills.length === 0) return "well";
    throw new UserError("E_UNREACHABLE", `Tenant '${slug}' isn't well: ${ills.join("; ")}.`, {
      hint: `\`tenantry status ${slug}\` shows all of it.`,
    });
  } finally {
    await observer.close();
  }
}

/** What of an active tenant doesn't work, in a few words each. Pure. */
export function illsOf({ database, secret, dns, cdn, lastError }: TenantStatus): readonly string[] {
  return [
    ...(database.healthy ? [] : [`database '${database.name}' doesn't answer`]),
    ...(secret.exists ? [] : [`secret '${secret.name}' isn't there`]),
    ...(dns.resolves ? [] : [`'${dns.host}' doesn't resolve`]),
    ...(cdn.serving ? [] : [`'${cdn.host}' doesn't serve it`]),
    ...(lastError === null ? [] : [lastError.message]),
  ];
}
