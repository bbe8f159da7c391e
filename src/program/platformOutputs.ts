import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import { providerConfigOf } from "../tenant/providerConfig.ts";
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

const OUTPUT_NAMES = ["platformVaultUrl", "tenantVaultUrl", "endpointHost", "originGroupId"] as const;

/** The environment's platform stack as a tenant stack sees it. Throws UserError while it is missing or unfinished. */
export async function referPlatform(environment: string): Promise<PlatformOutputs> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${environment}`;
  const stack = new pulumi.StackReference(name);
  const values = await Promise.all(OUTPUT_NAMES.map((output) => stack.getOutputValue(output)));
  const missing = OUTPUT_NAMES.filter((_, index) => typeof values[index] !== "string");
  if (missing.length > 0) throw unfinished(environment, missing);
  return Object.fromEntries(OUTPUT_NAMES.map((output, index) => [output, values[index]])) as {
    [Name in (typeof OUTPUT_NAMES)[number]]: string;
  };
}

/** Configuration of our provider in an environment whose vaults are known. */
export function providerArgs(
  config: EnvironmentConfig,
  vaults: Pick<PlatformOutputs, "platformVaultUrl" | "tenantVaultUrl">,
): TenantryProviderArgs {
  return providerConfigOf(config, vaults);
}

function unfinished(environment: string, missing: readonly string[]): UserError {
  return new UserError(
    "E_UNREACHABLE",
    `platform stack '${environment}' is not up: it has no output ${missing.map((name) => `'${name}'`).join(", ")}.`,
    { hint: `Run \`tenantry up --platform --env ${environment}\` first.` },
  );
}
