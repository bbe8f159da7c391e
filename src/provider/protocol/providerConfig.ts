import type { ProviderConfig } from "../../tenant/resources.ts";
import { type Properties, UNKNOWN } from "./wire.ts";

const KEYS: readonly (keyof ProviderConfig)[] = [
  "environment",
  "platformVaultUrl",
  "tenantVaultUrl",
  "masterRef",
  "masterReadRef",
  "subscriptionId",
  "resourceGroup",
  "zone",
  "profile",
  "endpoint",
];

/** What is wrong with a provider's configuration, by property; empty when nothing is. Unknown values pass. */
export function configFailures(properties: Properties): readonly { property: string; reason: string }[] {
  return KEYS.filter((key) => properties[key] !== UNKNOWN && !isText(properties[key])).map((key) => ({
    property: key,
    reason: `E_NO_CONFIG: provider tenantry '${key}': expected a non-empty text; got ${describe(properties[key])}.`,
  }));
}

/** The checked configuration. Throws TypeError naming what is missing or unknown. */
export function parseConfig(properties: Properties): ProviderConfig {
  const wrong = KEYS.filter((key) => !isText(properties[key]));
  if (wrong.length > 0) {
    throw new TypeError(
      `provider tenantry: expected texts for ${wrong.map((key) => `'${key}'`).join(", ")}.`,
    );
  }
  return Object.fromEntries(KEYS.map((key) => [key, properties[key]])) as unknown as ProviderConfig;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : `'${String(value)}'`;
}
