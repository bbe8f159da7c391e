import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { adminSecretName } from "../tenant/environmentConfig.ts";
import { declareEdge, type PlatformEdge } from "./platformEdge.ts";
import { declareMaster } from "./platformMaster.ts";
import type { PlatformOutputs } from "./platformOutputs.ts";
import { type Master, PlatformGuard, Server } from "./platformResources.ts";
import { declareServer, type PlatformServer } from "./platformServers.ts";
import { declareVaults, type PlatformVaults } from "./platformVaults.ts";

/** What an environment's platform is made from. */
export interface PlatformStackArgs {
  readonly config: EnvironmentConfig;
  /** File name → sha256 of `migrations/master/*.sql`. */
  readonly masterFiles: Readonly<Record<string, string>>;
}

/**
 * What tenants share: resource group, vaults, zone, Front Door, database servers and the master database. What holds
 * data is protected, and the guard refuses the whole platform's deletion while a tenant lives.
 */
export class PlatformStack extends pulumi.ComponentResource {
  readonly outputs: PlatformOutputs;

  constructor(
    name: string,
    { config, masterFiles }: PlatformStackArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super("tenantry:index:PlatformStack", name, {}, options);
    const inStack = { parent: this };
    const { name: group } = new ResourceGroup(
      "platform-group",
      { resourceGroupName: config.resourceGroup, location: config.location },
      { ...inStack, protect: true },
    );
    const vaults = declareVaults(config, group, inStack);
    const edge = declareEdge(config, group, inStack);
    const servers = config.servers.map((server) => declareServer(server, config, group, vaults, inStack));
    const server = masterServer(config, servers);
    const master = declareMaster({ config, server, vaults, files: masterFiles, options: inStack });
    const rows = servers.map((each) => this.#register(each, master, vaults));
    this.#guard(config.environment, [...rows, edge.zone, edge.origin, edge.endpoint, edge.route], vaults);
    this.outputs = outputsOf(vaults, edge);
    this.registerOutputs(this.outputs);
  }

  #register({ config, address, ready }: PlatformServer, master: Master, vaults: PlatformVaults): Server {
    const { name, region, capacityHint, maxConnections, tenantConnections, status, adminRotation } = config;
    return new Server(
      `server-${name}-row`,
      {
        ...{ name, region, capacityHint, maxConnections, tenantConnections, status },
        ...{ host: address.host, port: address.port, adminSecretRef: adminSecretName(name) },
        ...(adminRotation === 0 ? {} : { adminRotation }),
      },
      { parent: this, provider: vaults.provider, dependsOn: [master, ...ready] },
    );
  }

  #guard(environment: string, after: pulumi.Resource[], vaults: PlatformVaults): void {
    const options = { parent: this, provider: vaults.provider, dependsOn: after };
    new PlatformGuard("platform-guard", { environment }, options);
  }
}

function masterServer(config: EnvironmentConfig, servers: readonly PlatformServer[]): PlatformServer {
  const server = servers.find((each) => each.config.name === config.master.server);
  if (server === undefined) throw new Error(`no server '${config.master.server}' for the master database`);
  return server;
}

function outputsOf(vaults: PlatformVaults, edge: PlatformEdge): PlatformOutputs {
  return {
    platformVaultUrl: vaults.platformVaultUrl,
    tenantVaultUrl: vaults.tenantVaultUrl,
    endpointHost: edge.endpoint.hostName,
    originGroupId: edge.originGroup.id,
  };
}
