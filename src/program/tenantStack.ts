import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { DesiredTenant } from "../tenant/desired.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { seedSecretNames } from "../tenant/identitySeeds.ts";
import type { DatabaseAddress, TenantKey } from "../tenant/resources.ts";
import { TENANT_SCHEMA_VERSION } from "../tenant/schemaVersion.ts";
import { type InputsOf, madeOr } from "./inputs.ts";
import { PASSWORD_LENGTH, passwordKeepers } from "./passwords.ts";
import type { PlatformOutputs } from "./platformOutputs.ts";
import { postgresUrl } from "./postgresUrl.ts";
import { Sequence } from "./sequence.ts";
import { openEdge } from "./tenantEdge.ts";
import * as tenantry from "./tenantResources.ts";
import type { TenantryProvider } from "./tenantryProvider.ts";

/** What a tenant's stack is made from. */
export interface TenantStackArgs {
  readonly tenant: DesiredTenant;
  readonly config: EnvironmentConfig;
  readonly platform: PlatformOutputs;
  /** File name → sha256 of every SQL migration up to the target, or of every file that a `command` migrates by. */
  readonly migrationFiles: Readonly<Record<string, string>>;
  /** Whether `Registration` carries `protect`. */
  readonly isProtected: boolean;
  /** Number of the password, which grows when it is to be made anew; undefined where master can't say it. */
  readonly rotation: number | undefined;
  readonly provider: TenantryProvider;
}

/**
 * One tenant: the resources of PRODUCT.md's order, each after the one before it, so that a destroy runs the same
 * order backwards. Logical names are `<slug>-<suffix>` and never change.
 */
export class TenantStack extends pulumi.ComponentResource {
  /** UUID of this life of the tenant. */
  readonly tenantId: pulumi.Output<string>;
  /** Name of the server that holds the database. */
  readonly server: pulumi.Output<string>;

  readonly #args: TenantStackArgs;
  readonly #sequence = new Sequence(this);
  readonly #key: InputsOf<TenantKey>;
  /** Key and address: what every resource inside the database is told. */
  readonly #place: InputsOf<TenantKey & DatabaseAddress>;

  constructor(name: string, args: TenantStackArgs, options?: pulumi.ComponentResourceOptions) {
    super("tenantry:index:TenantStack", name, {}, { ...options, providers: { tenantry: args.provider } });
    this.#args = args;
    const { slug, stack, databaseName: database, roleName: role } = args.tenant;
    const { tenantId } = this.#reserve();
    const placement = this.#choosePlace();
    this.tenantId = tenantId;
    this.server = placement.serverName;
    this.#key = { slug, stack, tenantId };
    this.#place = { ...this.#key, server: placement.serverName, database, role };
    this.#checkState();
    const data = this.#createDatabase(placement);
    this.#migrate();
    const admin = this.#seed();
    this.#prepareFinalBackup(data);
    openEdge({ ...args, ...this.#key, slug, hosts: args.tenant.hosts }, this.#sequence);
    this.#register(admin);
    this.registerOutputs({ tenantId: this.tenantId, server: this.server });
  }

  #reserve(): tenantry.TenantRecord {
    const { slug, stack, hosts, databaseName, roleName, secretName, isolation, status, ...rest } =
      this.#args.tenant;
    const { isPurgeConfirmed, retentionDays, displayName, legalName, plan, labels, settings } = rest;
    const facts = {
      ...{ displayName, plan, labels, settings },
      ...(legalName === undefined ? {} : { legalName }),
    };
    const inputs = {
      ...{ slug, stack, hosts, databaseName, roleName, secretName, isolation, status },
      ...{ isPurgeConfirmed, retentionDays, facts },
      ...this.#suspendReason(),
      ...(rest.hold ? { hold: true as const } : {}),
      ...(rest.pathPrefix === undefined ? {} : { pathPrefix: rest.pathPrefix }),
    };
    return this.#sequence.add((options) => new tenantry.TenantRecord(`${slug}-record`, inputs, options));
  }

  /** From plain inputs only: an unknown one would leave the providers behind it unconfigured in a preview. */
  #choosePlace(): tenantry.Placement {
    const { slug, stack, server, region, migrations } = this.#args.tenant;
    const inputs = { slug, stack, server, region, migrations };
    return this.#sequence.add((options) => new tenantry.Placement(`${slug}-placement`, inputs, options));
  }

  #checkState(): void {
    const { slug, secretName, hosts, identity } = this.#args.tenant;
    const inputs = { ...this.#place, secretName, seededSecrets: seedSecretNames(slug, identity), hosts };
    this.#sequence.add((options) => new tenantry.StateCheck(`${slug}-check`, inputs, options));
  }

  /** Password, secret, then role and database: the vault knows the password before the role has it. */
  #createDatabase(placement: tenantry.Placement): tenantry.Database {
    const { tenant, platform } = this.#args;
    const { slug, status, migrations, secretName: name } = tenant;
    const { result: password } = this.#sequence.add((options) => this.#makePassword(options));
    const value = pulumi
      .all([madeOr(placement.host, ""), madeOr(placement.port, 0), madeOr(password, "")])
      .apply(([host, port, secret]) =>
        postgresUrl({ host, port, user: tenant.roleName, password: secret, database: tenant.databaseName }),
      );
    const secret = { ...this.#key, vaultUrl: platform.tenantVaultUrl, name, value };
    this.#sequence.add((options) => new tenantry.VaultSecret(`${slug}-secret`, secret, options));
    const database = { ...this.#place, password, status, migrations };
    return this.#sequence.add((options) => new tenantry.Database(`${slug}-database`, database, options));
  }

  /** The first password has no keepers; a number that grew replaces it, and secret and role follow in the same run. */
  #makePassword(options: pulumi.CustomResourceOptions): RandomPassword {
    const { tenant, rotation } = this.#args;
    const args = { length: PASSWORD_LENGTH, ...passwordKeepers(rotation ?? 0) };
    // What isn't known is no reason to plan a new password.
    const known = rotation === undefined ? { ...options, ignoreChanges: ["keepers"] } : options;
    return new RandomPassword(`${tenant.slug}-password`, args, known);
  }

  #migrate(): void {
    const { tenant, migrationFiles: files } = this.#args;
    const { slug, secretName, status, migrations, settings } = tenant;
    const inputs = { ...this.#place, secretName, status, migrations, files };
    this.#sequence.add((options) => new tenantry.Migrations(`${slug}-migrations`, inputs, options));
    this.#sequence.add(
      (options) => new tenantry.Settings(`${slug}-settings`, { ...this.#place, settings }, options),
    );
  }

  #seed(): tenantry.Admin {
    const { slug, adminEmail: email, status, identity: seeds } = this.#args.tenant;
    const inputs = { ...this.#place, email, host: this.#ownHost() };
    const admin = this.#sequence.add((options) => new tenantry.Admin(`${slug}-admin`, inputs, options));
    const identity = { ...this.#place, schemaVersion: TENANT_SCHEMA_VERSION, status, seeds };
    this.#sequence.add((options) => new tenantry.Identity(`${slug}-identity`, identity, options));
    return admin;
  }

  /** Replaced with the database, so that an old one is never deleted without a backup of it. */
  #prepareFinalBackup(database: tenantry.Database): void {
    const { tenant, config } = this.#args;
    const { slug, status, migrations } = tenant;
    const inputs = { ...this.#place, status, backupsUrl: config.backups.url, migrations };
    this.#sequence.add(
      (options) =>
        new tenantry.FinalBackup(`${slug}-backup`, inputs, { ...options, replaceWith: [database] }),
    );
  }

  /** After everything, and the only one with `protect`: a failed first run has none and is destroyed freely. */
  #register(admin: tenantry.Admin): void {
    const { tenant, config, isProtected } = this.#args;
    const { slug, displayName, legalName, adminEmail, plan, labels, settings, status } = tenant;
    const { secretName, hosts } = tenant;
    const inputs = {
      ...this.#place,
      ...{ displayName, adminEmail, plan, labels, settings, status, secretName, hosts },
      ...(legalName === undefined ? {} : { legalName }),
      ...this.#suspendReason(),
      ...(tenant.parent === undefined ? {} : { parent: tenant.parent }),
      invitationId: admin.invitationId,
      edgeWaitMs: config.edge.waitMs,
    };
    const options = { parent: this, dependsOn: [...this.#sequence.declared], protect: isProtected };
    new tenantry.Registration(`${slug}-registration`, inputs, options);
  }

  #suspendReason(): { readonly suspendReason?: string } {
    const { suspendReason } = this.#args.tenant;
    return suspendReason === undefined ? {} : { suspendReason };
  }

  #ownHost(): string {
    const { slug, hosts } = this.#args.tenant;
    if (hosts[0] === undefined) throw new Error(`tenant '${slug}' has no host`);
    return hosts[0];
  }
}
