import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { MASTER_READ_SECRET, MASTER_SECRET } from "../tenant/environmentConfig.ts";
import type { TenantryProviderArgs } from "./tenantryProvider.ts";

/** What the platform stack exports: a few small values and no secret, for each is copied into every tenant's state. */
export interface PlatformOutputs {
  /** Data-plane URL of the vault with the servers' and master's credentials. */
  readonly platformVaultUrl: pulumi.Input<string>;
  /** Data-plane URL of the vault with the tenants' secrets. */
  readonly tenantVaultUrl: pulumi.Input<string>;
  /** Host that a tenant's CNAME points at. */
  readonly endpointHost: pulumi.Input<string>;
  /** ARM id of the origin group that a tenant's route leads to. */
  readonly originGroupId: pulumi.Input<string>;
}

/** The environment's platform stack as a tenant stack sees it. Its outputs reject when there is no such stack. */
export function referPlatform(environment: string): PlatformOutputs {
  const stack = new pulumi.StackReference(
    `${pulumi.getOrganization()}/${pulumi.getProject()}/${environment}`,
  );
  const text = (name: string): pulumi.Output<string> =>
    stack.requireOutput(name).apply((value) => String(value));
  return {
    platformVaultUrl: text("platformVaultUrl"),
    tenantVaultUrl: text("tenantVaultUrl"),
    endpointHost: text("endpointHost"),
    originGroupId: text("originGroupId"),
  };
}

/** Configuration of our provider in an environment whose vaults are known. */
export function providerArgs(
  config: EnvironmentConfig,
  vaults: Pick<PlatformOutputs, "platformVaultUrl" | "tenantVaultUrl">,
): TenantryProviderArgs {
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
