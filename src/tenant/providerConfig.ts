import { type EnvironmentConfig, MASTER_READ_SECRET, MASTER_SECRET } from "./environmentConfig.ts";
import type { ProviderConfig } from "./resources.ts";

/** Configuration of our provider in an environment whose vaults are known. `Url` may be a Pulumi input. */
export function providerConfigOf<Url>(
  config: EnvironmentConfig,
  vaults: { readonly platformVaultUrl: Url; readonly tenantVaultUrl: Url },
): Omit<ProviderConfig, "platformVaultUrl" | "tenantVaultUrl"> & typeof vaults {
  return {
    environment: config.environment,
    platformVaultUrl: vaults.platformVaultUrl,
    tenantVaultUrl: vaults.tenantVaultUrl,
    masterRef: MASTER_SECRET,
    masterReadRef: MASTER_READ_SECRET,
    subscriptionId: config.subscriptionId,
    resourceGroup: config.resourceGroup,
    zone: config.zone,
    profile: config.frontDoor.profile,
    endpoint: config.frontDoor.endpoint,
  };
}
