import { ARM_RESOURCES, type LocalService } from "../service.ts";
import { azureNativePlugin } from "./azureNative/index.ts";
import { postgresqlPlugin } from "./postgresql/index.ts";
import { randomPlugin } from "./random/index.ts";
import { type PluginServer, servePlugin } from "./rpc/pluginServer.ts";

/** Pulumi's provider plugins for the local cloud: answers ports `azure-native`, `postgresql` and `random`. */
export function pluginsService(): LocalService {
  const servers: PluginServer[] = [];
  return {
    name: "plugins",
    start: async ({ ports, portOf, tokens }) => {
      const access = {
        url: `http://127.0.0.1:${portOf("arm")}`,
        token: () => tokens.issue(ARM_RESOURCES[0]),
      };
      servers.push(await servePlugin(azureNativePlugin(access), await ports.reserve("azure-native")));
      servers.push(await servePlugin(postgresqlPlugin, await ports.reserve("postgresql")));
      servers.push(await servePlugin(randomPlugin, await ports.reserve("random")));
      return Object.fromEntries(servers.map(({ name, port }) => [name, port]));
    },
    stop: async () => {
      for (const server of servers.splice(0).reverse()) await server.close();
    },
  };
}
