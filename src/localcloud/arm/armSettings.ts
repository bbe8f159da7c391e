import type { ServiceContext } from "../service.ts";
import type { ArmSettings } from "./armType.ts";

/** Of a profile: Azure's limits page, "Azure Front Door Standard and Premium". */
const STANDARD_LIMITS = { routes: 100, domains: 100, endpoints: 10, originGroups: 100, origins: 100 };
const PREMIUM_LIMITS = { routes: 200, domains: 500, endpoints: 25, originGroups: 200, origins: 200 };
/** Record sets of a public DNS zone: Azure's limits page, "Azure DNS". */
const ZONE_LIMIT = 10_000;

/** Behaviour from `TENANTRY_LOCAL_ARM_DELAY_MS`, `…_VALIDATION_DELAY_MS`, `…_STANDARD_LIMIT` and `…_ZONE_LIMIT`; quick and Azure's limits by default. */
export function armSettings({ setting }: Pick<ServiceContext, "setting">): ArmSettings {
  const number = (name: string): number | undefined => {
    const text = setting(name);
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text)) throw new Error(`TENANTRY_LOCAL_${name} must be a whole number; got '${text}'`);
    return Number(text);
  };
  const standard = number("STANDARD_LIMIT");
  return {
    operationDelayMs: number("ARM_DELAY_MS") ?? 0,
    validationDelayMs: number("VALIDATION_DELAY_MS") ?? 0,
    recordSetLimit: number("ZONE_LIMIT") ?? ZONE_LIMIT,
    limits: {
      Standard_AzureFrontDoor:
        standard === undefined
          ? STANDARD_LIMITS
          : { ...STANDARD_LIMITS, routes: standard, domains: standard },
      Premium_AzureFrontDoor: PREMIUM_LIMITS,
    },
  };
}
