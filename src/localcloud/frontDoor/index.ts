import type { Server } from "node:http";
import { siteOf } from "../arm/index.ts";
import { closeServer, listenOnLoopback } from "../jsonHttp.ts";
import type { LocalService, ServiceContext } from "../service.ts";
import { createApplication } from "./application.ts";
import type { OpenOriginGate } from "./originGate.ts";
import { createFrontDoor, type ResolveOrigin } from "./proxy.ts";

/** Secrets of the platform vault with master's URL, the one that may least first. */
const MASTER_SECRETS = ["master-read", "master-admin"];
const LOOPBACK = ["localhost", "127.0.0.1"];

/** Front Door, its origin (a gate) and the application behind that: answers ports `frontDoor`, `origin` and `application`. */
export function frontDoorService(openGate: OpenOriginGate): LocalService {
  const ends: (() => Promise<void>)[] = [];
  return {
    name: "frontDoor",
    start: async (context) => {
      const listen = async (server: Server, name: string, what: string) => {
        const port = await listenOnLoopback(server, await context.ports.reserve(name), what);
        ends.push(() => closeServer(server));
        return port;
      };
      const application = await listen(createApplication(), "application", "application behind Front Door");
      const gate = openGate({
        masterUrl: () => masterUrl(context),
        upstream: `http://127.0.0.1:${application}`,
        onMasterAway: (reason) => console.error(`${new Date().toISOString()} gate: ${reason}`),
      });
      ends.push(() => gate.close());
      const origin = await listen(gate.server, "origin", "Front Door's origin");
      const resolve = resolver(context, origin);
      const frontDoor = createFrontDoor(siteOf(context), resolve, context.edgeCache, context.faults);
      return { frontDoor: await listen(frontDoor, "frontDoor", "Front Door"), origin, application };
    },
    stop: async () => {
      for (const end of ends.splice(0).reverse()) await end();
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
