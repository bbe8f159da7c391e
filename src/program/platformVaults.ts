import { Vault } from "@pulumi/azure-native/keyvault/vault.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { madeOr } from "./inputs.ts";
import { providerArgs } from "./platformOutputs.ts";
import { VaultSecret } from "./tenantResources.ts";
import { TenantryProvider } from "./tenantryProvider.ts";

/** Days that a deleted vault or secret can be recovered; Azure's most, so that no mistake outlives it. */
const SOFT_DELETE_DAYS = 90;

/** `slug` in the marker of a secret that belongs to no tenant. */
const PLATFORM_SLUG = "platform";

/** The two vaults: previewers may read from the platform's, never from the tenants'. */
export interface PlatformVaults {
  readonly platformVaultUrl: pulumi.Output<string>;
  readonly tenantVaultUrl: pulumi.Output<string>;
  readonly provider: TenantryProvider;
  /** Writes a secret of the platform's own; `value` is kept out of state but encrypted. */
  readonly keep: (name: string, value: pulumi.Input<string>, after?: pulumi.Resource[]) => VaultSecret;
}

/** Both vaults, and our provider that is told where they are. `group` is the resource group's name. */
export function declareVaults(
  config: EnvironmentConfig,
  group: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): PlatformVaults {
  const platformVaultUrl = declareVault("platform", config, group, options);
  const tenantVaultUrl = declareVault("tenants", config, group, options);
  const provider = new TenantryProvider(
    "platform-tenantry",
    providerArgs(config, { platformVaultUrl, tenantVaultUrl }),
    options.parent === undefined ? {} : { parent: options.parent },
  );
  const stack = pulumi.getStack();
  const keep: PlatformVaults["keep"] = (name, value, after = []) =>
    new VaultSecret(
      `${name}-secret`,
      { vaultUrl: platformVaultUrl, name, value, stack, slug: PLATFORM_SLUG, tenantId: stack },
      { ...options, provider, dependsOn: after },
    );
  return { platformVaultUrl, tenantVaultUrl, provider, keep };
}

function declareVault(
  use: "platform" | "tenants",
  config: EnvironmentConfig,
  group: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const vault = new Vault(
    `${use}-vault`,
    {
      resourceGroupName: group,
      vaultName: config.vaults[use],
      location: config.location,
      properties: {
        tenantId: config.azureTenantId,
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: SOFT_DELETE_DAYS,
        enablePurgeProtection: true,
      },
    },
    { ...options, protect: true },
  );
  return madeOr<{ readonly vaultUri?: string }>(vault.properties, {}).apply(({ vaultUri }) => vaultUri ?? "");
}
