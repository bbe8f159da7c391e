import { listRecords } from "../../registry/index.ts";
import { healthOf, namesOf, openObserver, statusOf } from "../../status/index.ts";
import { UserError } from "../../tenant/errors.ts";
import { loadEntry } from "../../tenant/load.ts";
import { loadTenant } from "../../tenant/select.ts";
import type { OperationContext } from "../context.ts";
import type { MaintenanceTask } from "./task.ts";

/** A look at each active and suspended tenant, judged as `tenantry health` judges it. */
export const health: MaintenanceTask = {
  name: "health",
  isTenantHeld: false,
  due: async (context) => {
    const records = await context.access.withMaster((client) => listRecords(client));
    const living = records.filter(({ status }) => status === "active" || status === "suspended");
    const known = living.filter(({ slug }) => loadEntry(context.root, slug) !== undefined);
    return known.map(({ slug }) => ({ slug, words: "look", run: () => look(context, slug) }));
  },
};

async function look(context: OperationContext, slug: string): Promise<string> {
  const { platformVaultUrl, tenantVaultUrl, masterReadRef: masterRef } = context.provider;
  const tenant = loadTenant(context.root, slug, context.config);
  const observer = await openObserver({ platformVaultUrl, tenantVaultUrl, masterRef });
  try {
    const { problems } = healthOf(statusOf(await observer.observe(namesOf(tenant))), tenant.status);
    if (problems.length === 0) return "well";
    const words = problems.map(({ part, message }) => `${part} ${message}`).join("; ");
    throw new UserError("E_UNREACHABLE", `Tenant '${slug}' isn't well: ${words}.`, {
      hint: `\`tenantry status ${slug}\` shows all of it.`,
    });
  } finally {
    await observer.close();
  }
}
