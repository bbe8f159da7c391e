import { settingsHook } from "../../hooks/index.ts";
import type { SettingsInputs, SettingsOutputs } from "../../tenant/resources.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { inTenantDatabase, lookInTenantDatabase } from "../tenantDatabase.ts";

/** Rows of `tenantry.setting`; the drop of the database removes them. */
export const settings: ResourceType<SettingsInputs, SettingsOutputs> = {
  name: "Settings",
  immutable: ["database", "role", "stack", "slug"],
  idOf: ({ stack }) => `${stack}/settings`,
  predict: async (news) => news,
  create: applySettings,
  update: (_, news, run) => applySettings(news, run),
  read: async ({ inputs }, run) => {
    const place = inputs as SettingsInputs;
    const found = await lookInTenantDatabase(place, run, (context) => settingsHook.observe(context));
    if (found === undefined) return undefined;
    const real = { ...place, settings: found };
    return { inputs: real, outputs: real };
  },
  delete: async () => undefined,
};

async function applySettings(inputs: SettingsInputs, run: Run): Promise<SettingsOutputs> {
  await inTenantDatabase(inputs, run, (context) => settingsHook.apply(context, inputs.settings));
  run.point("applied");
  return inputs;
}
