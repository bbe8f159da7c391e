import { Server as FlexibleServer } from "@pulumi/azure-native/dbforpostgresql/server.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { EnvironmentConfig, ServerConfig } from "../tenant/environmentConfig.ts";
import { adminSecretName } from "../tenant/environmentConfig.ts";
import { madeOr } from "./inputs.ts";
import { PASSWORD_LENGTH, passwordKeepers } from "./passwords.ts";
import type { PlatformVaults } from "./platformVaults.ts";
import { postgresUrl, type ServerAddress, serverAddress } from "./postgresUrl.ts";

/** A server that tenants can be placed on. */
export interface PlatformServer {
  readonly config: ServerConfig;
  readonly address: pulumi.Output<ServerAddress>;
  /** What to wait for before the server's admin can be asked: nothing for an existing server. */
  readonly ready: readonly pulumi.Resource[];
  /** Absent for an existing server: its credentials are in the vault and nowhere else. */
  readonly admin?: { readonly user: string; readonly password: pulumi.Output<string> };
}

/** Login of the admin we make on every server: CREATEDB and CREATEROLE, never a superuser, as on Azure. */
const ADMIN = "tenantry_admin";

/** Database that an admin's URL names: it is on every server. */
const MAINTENANCE_DATABASE = "postgres";

/** Newest major version that Azure offers and that the local cloud runs. */
const POSTGRES_VERSION = "18";

/** One server of `servers:`, made unless it is `existing`. */
export function declareServer(
  server: ServerConfig,
  config: EnvironmentConfig,
  group: pulumi.Input<string>,
  vaults: PlatformVaults,
  options: pulumi.CustomResourceOptions,
): PlatformServer {
  if (server.existing !== undefined) {
    return { config: server, address: pulumi.output(server.existing), ready: [] };
  }
  const { result: password } = new RandomPassword(
    `server-${server.name}-password`,
    {
      ...{ length: PASSWORD_LENGTH, minLower: 1, minUpper: 1, minNumeric: 1 },
      ...passwordKeepers(server.adminRotation),
    },
    options,
  );
  const made = declareFlexibleServer(server, config, group, password, options);
  const address = madeOr(made.fullyQualifiedDomainName, "").apply(serverAddress);
  const url = pulumi
    .all([address, madeOr(password, "")])
    .apply(([{ host, port }, secret]) =>
      postgresUrl({ host, port, user: ADMIN, password: secret, database: MAINTENANCE_DATABASE }),
    );
  const secret = vaults.keep(adminSecretName(server.name), url, [made]);
  return { config: server, address, ready: [made, secret], admin: { user: ADMIN, password } };
}

function declareFlexibleServer(
  server: ServerConfig,
  config: EnvironmentConfig,
  group: pulumi.Input<string>,
  password: pulumi.Output<string>,
  options: pulumi.CustomResourceOptions,
): FlexibleServer {
  return new FlexibleServer(
    `server-${server.name}`,
    {
      resourceGroupName: group,
      serverName: server.name,
      location: server.region,
      version: POSTGRES_VERSION,
      administratorLogin: ADMIN,
      administratorLoginPassword: password,
      authConfig: {
        activeDirectoryAuth: "Disabled",
        passwordAuth: "Enabled",
        tenantId: config.azureTenantId,
      },
      sku: server.sku,
      storage: { storageSizeGB: server.storageGb },
    },
    { ...options, protect: true },
  );
}
