import type { LocalService, ServiceContext } from "../service.ts";
import { type ArmServer, serveArm } from "./armServer.ts";
import { armSettings } from "./armSettings.ts";
import { ArmState } from "./armState.ts";
import type { Site } from "./armType.ts";
import { armType } from "./armTypes.ts";
import { resumeResource, unfinishedState } from "./lifecycle.ts";
import { Operations } from "./operations.ts";
import { startVaults } from "./types/vault.ts";

export { ARM_NAMESPACE, ArmState } from "./armState.ts";

/** Resource Manager: answers port `arm`. A restart brings its vaults up and takes interrupted operations up again. */
export function armService(): LocalService {
  let server: ArmServer | undefined;
  const operations = new Operations();
  return {
    name: "arm",
    start: async (context) => {
      const site = siteOf(context);
      await startVaults(site);
      for (const resource of site.state.all().filter((each) => unfinishedState(each) !== undefined)) {
        resumeResource(armType(resource.type), { site, resource }, operations);
      }
      server = await serveArm({
        site,
        operations,
        port: await context.ports.reserve("arm"),
        tokens: context.tokens,
        names: context.names,
        faults: context.faults,
      });
      return { arm: server.port };
    },
    stop: async () => {
      await server?.close();
      await operations.idle();
    },
  };
}

/** Resources with the clock, the settings and what stands behind them. */
export function siteOf(context: ServiceContext): Site {
  return {
    state: new ArmState(context.store),
    vaults: context.vaults,
    postgres: context.postgres,
    edgeCache: context.edgeCache,
    now: Date.now,
    settings: armSettings(context),
    typeOf: (resource) => armType(resource.type),
  };
}
