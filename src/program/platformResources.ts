import * as pulumi from "@pulumi/pulumi";
import type { MasterInputs, PlatformGuardInputs, ServerInputs } from "../tenant/resources.ts";
import type { InputsOf } from "./inputs.ts";

/** Schema of the master database, and the main tenant's organization in it. */
export class Master extends pulumi.CustomResource {
  /** UUID of the main tenant's organization: parent of every tenant without `parent`. */
  declare readonly mainTenantId: pulumi.Output<string>;

  constructor(name: string, args: InputsOf<MasterInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Master", name, { ...args, mainTenantId: undefined }, options);
  }
}

/** One row of `identity.db_server`: a server that tenants are placed on. */
export class Server extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<ServerInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Server", name, { ...args }, options);
  }
}

/** Depends on the whole platform, so it is deleted first, and it refuses that while a tenant lives. */
export class PlatformGuard extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<PlatformGuardInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:PlatformGuard", name, { ...args }, options);
  }
}
