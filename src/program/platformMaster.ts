import { Database } from "@pulumi/postgresql/database.js";
import { Grant } from "@pulumi/postgresql/grant.js";
import { Provider } from "@pulumi/postgresql/provider.js";
import { Role } from "@pulumi/postgresql/role.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { MASTER_READ_SECRET, MASTER_SECRET } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import { madeOr } from "./inputs.ts";
import { PASSWORD_LENGTH } from "./passwords.ts";
import { Master } from "./platformResources.ts";
import type { PlatformServer } from "./platformServers.ts";
import type { PlatformVaults } from "./platformVaults.ts";
import { postgresUrl, sslModeOf } from "./postgresUrl.ts";

/** What the master database is made from. */
export interface PlatformMasterArgs {
  readonly config: EnvironmentConfig;
  /** The server of `master.server`. */
  readonly server: PlatformServer;
  readonly vaults: PlatformVaults;
  /** File name → sha256 of `migrations/master/*.sql`. */
  readonly files: Readonly<Record<string, string>>;
  readonly options: pulumi.CustomResourceOptions;
}

/** Owner of the master database and of its schema. */
const OWNER_ROLE = "tenantry_master";

/** May read master and nothing else: what a previewer gets. */
const READ_ROLE = "tenantry_read";

/** Master database, its two roles, their URLs in the platform's vault, then its schema. */
export function declareMaster(args: PlatformMasterArgs): Master {
  const { config, server, vaults, files, options } = args;
  const inServer = { ...options, provider: declareAdminProvider(args) };
  const owner = declareLogin(OWNER_ROLE, inServer, options);
  const reader = declareLogin(READ_ROLE, inServer, options);
  const database = new Database(
    "master-database",
    { name: config.master.database, owner: owner.role.name },
    { ...inServer, protect: true },
  );
  const asOwner = { ...options, provider: declareOwnerProvider(args, owner) };
  const grants = declareGrants(config.master.database, { ...asOwner, dependsOn: [database, reader.role] });
  const secrets = [
    { name: MASTER_SECRET, login: owner },
    { name: MASTER_READ_SECRET, login: reader },
  ].map(({ name, login }) => vaults.keep(name, urlOf(args, login), [database, ...grants]));
  return new Master(
    "master",
    { files, mainTenant: config.mainTenant, ownerRole: OWNER_ROLE, readRole: READ_ROLE },
    { ...options, provider: vaults.provider, dependsOn: [...server.ready, ...secrets] },
  );
}

/** Passwords in a provider's config: the one exception to the rule. Encrypted, and platform runs always run the program. */
function declareAdminProvider({ server, options }: PlatformMasterArgs): Provider {
  const { admin, address } = server;
  if (admin === undefined) {
    const { name } = server.config;
    throw new UserError(
      "E_NOT_SUPPORTED",
      `master.server: expected a server of ours; got existing '${name}'.`,
    );
  }
  return new Provider(
    "master-postgresql",
    { ...connection(address), username: admin.user, password: admin.password },
    parentOf(options),
  );
}

/** Only its owner may say who connects to a database: PostgreSQL answers anyone else with a warning and does nothing. */
function declareOwnerProvider({ config, server, options }: PlatformMasterArgs, owner: Login): Provider {
  const { database } = config.master;
  return new Provider(
    "master-owner-postgresql",
    { ...connection(server.address), username: owner.role.name, password: owner.password, database },
    parentOf(options),
  );
}

function connection(address: PlatformServer["address"]) {
  const { host, port } = address;
  return { host, port, sslmode: host.apply(sslModeOf), superuser: false };
}

function parentOf({ parent }: pulumi.CustomResourceOptions): pulumi.ResourceOptions {
  return parent === undefined ? {} : { parent };
}

interface Login {
  readonly role: Role;
  readonly password: pulumi.Output<string>;
}

function declareLogin(
  name: string,
  inServer: pulumi.CustomResourceOptions,
  options: pulumi.CustomResourceOptions,
): Login {
  const { result: password } = new RandomPassword(`${name}-password`, { length: PASSWORD_LENGTH }, options);
  return { role: new Role(`${name}-role`, { name, login: true, password }, inServer), password };
}

/** Every role may connect to a new database: tenants' roles must not, and the reader must. */
function declareGrants(database: string, options: pulumi.CustomResourceOptions): Grant[] {
  const closed = new Grant(
    "master-public-grant",
    { database, role: "public", objectType: "database", privileges: [] },
    options,
  );
  const read = new Grant(
    "master-read-grant",
    { database, role: READ_ROLE, objectType: "database", privileges: ["CONNECT"] },
    { ...options, dependsOn: [closed] },
  );
  return [closed, read];
}

function urlOf({ config, server }: PlatformMasterArgs, { role, password }: Login): pulumi.Output<string> {
  return pulumi
    .all([server.address, madeOr(role.name, ""), madeOr(password, "")])
    .apply(([{ host, port }, user, secret]) =>
      postgresUrl({ host, port, user, password: secret, database: config.master.database }),
    );
}
