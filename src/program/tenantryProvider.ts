import * as pulumi from "@pulumi/pulumi";
import type { ProviderConfig } from "../tenant/resources.ts";
import type { InputsOf } from "./inputs.ts";

/** Arguments of {@link TenantryProvider}: names and addresses, never a credential. */
export type TenantryProviderArgs = InputsOf<ProviderConfig>;

/** An explicit instance of our own provider. What it is told stands in state, so that a destroy works without the program. */
export class TenantryProvider extends pulumi.ProviderResource {
  constructor(name: string, args: TenantryProviderArgs, options?: pulumi.ResourceOptions) {
    super("tenantry", name, { ...args }, options);
  }
}
