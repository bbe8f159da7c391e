import * as pulumi from "@pulumi/pulumi";
import type {
  AdminInputs,
  DatabaseInputs,
  FinalBackupInputs,
  IdentityInputs,
  MigrationsInputs,
  PlacementInputs,
  RegistrationInputs,
  SettingsInputs,
  StateCheckInputs,
  TenantRecordInputs,
  VaultSecretInputs,
} from "../tenant/resources.ts";
import type { InputsOf } from "./inputs.ts";

/*
 * The classes of our own provider that a tenant stack uses, in the order of a provisioning. Outputs are
 * `declare`d: a class field would overwrite with undefined what the SDK has put there.
 */

/** Reserves slug, id and hosts in master; the first resource of a tenant and the last to go. */
export class TenantRecord extends pulumi.CustomResource {
  /** UUID of this life of the tenant. */
  declare readonly tenantId: pulumi.Output<string>;

  constructor(name: string, args: InputsOf<TenantRecordInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:TenantRecord", name, { ...args, tenantId: undefined }, options);
  }
}

/** Picks the tenant's server, or checks the named one. Sticky: later runs keep what was picked. */
export class Placement extends pulumi.CustomResource {
  /** Name of the chosen row of `identity.db_server`. */
  declare readonly serverName: pulumi.Output<string>;
  /** Where that server answers. */
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;

  constructor(name: string, args: InputsOf<PlacementInputs>, options?: pulumi.CustomResourceOptions) {
    super(
      "tenantry:index:Placement",
      name,
      { ...args, serverName: undefined, host: undefined, port: undefined },
      options,
    );
  }
}

/** Compares master, database, role, secret, DNS and CDN before anything but the reservation exists. */
export class StateCheck extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<StateCheckInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:StateCheck", name, { ...args }, options);
  }
}

/** A Key Vault secret through the data plane; a new version only when the value differs. */
export class VaultSecret extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<VaultSecretInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:VaultSecret", name, { ...args }, options);
  }
}

/** The tenant's role and database, cloned from its server's template. Never replaced. */
export class Database extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<DatabaseInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Database", name, { ...args }, options);
  }
}

/** Brings the database to the newest of the environment's migrations. */
export class Migrations extends pulumi.CustomResource {
  /** Version of the last applied one; empty for none. */
  declare readonly lastMigration: pulumi.Output<string>;

  constructor(name: string, args: InputsOf<MigrationsInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Migrations", name, { ...args, lastMigration: undefined }, options);
  }
}

/** The tenant's effective settings, written into its database. */
export class Settings extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<SettingsInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Settings", name, { ...args }, options);
  }
}

/** The first admin, with a forced reset and an invitation that waits for {@link Registration}. */
export class Admin extends pulumi.CustomResource {
  declare readonly adminId: pulumi.Output<string>;
  /** Row of `identity.outbox`. */
  declare readonly invitationId: pulumi.Output<string>;

  constructor(name: string, args: InputsOf<AdminInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Admin", name, { ...args, adminId: undefined, invitationId: undefined }, options);
  }
}

/** Roles, groups, scopes, providers, applications and API keys, and the secrets of the last two. */
export class Identity extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<IdentityInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Identity", name, { ...args }, options);
  }
}

/** Stands ready on create; takes and verifies the final backup when the tenant is deleted. */
export class FinalBackup extends pulumi.CustomResource {
  /** Row of `identity.backup`; empty until one is taken. */
  declare readonly backupId: pulumi.Output<string>;

  constructor(name: string, args: InputsOf<FinalBackupInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:FinalBackup", name, { ...args, backupId: undefined }, options);
  }
}

/** Makes the tenant known: organization, hosts, record, audit and invitation, in one transaction. Always last. */
export class Registration extends pulumi.CustomResource {
  constructor(name: string, args: InputsOf<RegistrationInputs>, options?: pulumi.CustomResourceOptions) {
    super("tenantry:index:Registration", name, { ...args }, options);
  }
}
