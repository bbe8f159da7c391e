import type http from "node:http";
import { siteOf } from "../arm/index.ts";
import { closeServer, listenOnLoopback } from "../jsonHttp.ts";
import type { LocalService, ServiceContext } from "../service.ts";
import { createOrigin } from "./origin.ts";
import { createFrontDoor, type ResolveOrigin } from "./proxy.ts";

/** Secrets of the platform vault with master's URL, the one that may least first. */
const MASTER_SECRETS = ["master-read", "master-admin"];
const LOOPBACK = ["localhost", "127.0.0.1"];

/** Front Door and its origin: answers ports `frontDoor` and `origin`. */
export function frontDoorService(): LocalService {
  const servers: http.Server[] = [];
  return {
    name: "frontDoor",
    start: async (context) => {
      const origin = createOrigin(() => masterUrl(context));
      const originPort = await listenOnLoopback(
        origin,
        await context.ports.reserve("origin"),
        "Front Door's origin",
      );
      servers.push(origin);
      const resolve = resolver(context, originPort);
      const frontDoor = createFrontDoor(siteOf(context), resolve, context.edgeCache, context.faults);
      const port = await listenOnLoopback(frontDoor, await context.ports.reserve("frontDoor"), "Front Door");
      servers.push(frontDoor);
      return { frontDoor: port, origin: originPort };
    },
    stop: async () => {
      for (const server of servers.splice(0).reverse()) await closeServer(server);
    },
  };
}

async function masterUrl({ names, platformSecret }: ServiceContext): Promise<string | undefined> {
  for (const secret of MASTER_SECRETS) {
    const url = await platformSecret(names.platformVault, secret);
    if (url !== undefined) return url;
  }
  return undefined;
}

/** The configured origin host is this local cloud's application; loopback names are what they say. */
function resolver({ names }: ServiceContext, originPort: number): ResolveOrigin {
  return ({ hostName, httpPort }) => {
    if (hostName.toLowerCase() === names.originHost.toLowerCase()) return `http://127.0.0.1:${originPort}`;
    return LOOPBACK.includes(hostName.toLowerCase()) ? `http://127.0.0.1:${httpPort}` : undefined;
  };
}
