import { DEFAULT_IDENTITY, IDENTITY_NAMES, type IdentityName } from "../roles/identities.ts";
import { ARM_RESOURCES, type LocalService, type ServiceContext } from "../service.ts";
import type { ArmAccess } from "./azureNative/armClient.ts";
import { azureNativePlugin } from "./azureNative/index.ts";
import { postgresqlPlugin } from "./postgresql/index.ts";
import { randomPlugin } from "./random/index.ts";
import { type PluginServer, servePlugin } from "./rpc/pluginServer.ts";

/**
 * Pulumi's provider plugins for the local cloud: answers ports `postgresql`, `random`, and `azure-native` once an identity.
 * A plugin that is attached to never sees its caller's environment, so the port says who asks.
 */
export function pluginsService(): LocalService {
  const servers: PluginServer[] = [];
  return {
    name: "plugins",
    start: async (context) => {
      const { ports } = context;
      const answered: Record<string, number> = {};
      const serve = async (name: string, start: (port: number) => Promise<PluginServer>) => {
        const server = await start(await ports.reserve(name));
        servers.push(server);
        answered[name] = server.port;
      };
      for (const identity of IDENTITY_NAMES) {
        const plugin = azureNativePlugin(accessOf(context, identity));
        await serve(azureNativePort(identity), (port) => servePlugin(plugin, port));
      }
      await serve("postgresql", (port) => servePlugin(postgresqlPlugin, port));
      await serve("random", (port) => servePlugin(randomPlugin, port));
      return answered;
    },
    stop: async () => {
      for (const server of servers.splice(0).reverse()) await server.close();
    },
  };
}

/** Name of the port where `azure-native` acts as this identity. */
export function azureNativePort(identity: IdentityName): string {
  return identity === DEFAULT_IDENTITY ? "azure-native" : `azure-native-${identity}`;
}

function accessOf({ portOf, tokens }: ServiceContext, identity: IdentityName): ArmAccess {
  return {
    url: `http://127.0.0.1:${portOf("arm")}`,
    token: () => tokens.issue(ARM_RESOURCES[0], identity),
  };
}
