import { afterEach, beforeEach } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { pluginsService } from "../../../src/localcloud/plugins/index.ts";
import { GROUP, type Harness, type HarnessOptions, openHarness, SUBSCRIPTION } from "../arm/harness.ts";
import { type Bag, PluginClient, type State } from "./pluginClient.ts";

export const ZONE = `${GROUP}/providers/Microsoft.Network/dnszones/local.test`;
export const PROFILE = `${GROUP}/providers/Microsoft.Cdn/profiles/p`;
export const inGroup = { resourceGroupName: "rg" };

/** A type's token from its module and name. */
export const token = (name: string): string => `azure-native:${name}`;

/** Resource Manager with group `rg`, the plugin, and a configured client; new for every test. */
export interface AzureBench {
  cloud: Harness;
  client: PluginClient;
  /** Checks and creates. */
  make(type: string, inputs: Bag): Promise<State>;
  /** Begins anew with other options. */
  reopen(options: HarnessOptions): Promise<void>;
}

/** Registers the hooks that fill the bench. */
export function azureBench(): AzureBench {
  const bench = {
    make: (type, inputs) => bench.client.make(token(type), inputs),
    reopen: async (options) => {
      await close(bench);
      await open(bench, options);
    },
  } as AzureBench;
  beforeEach(() => open(bench, {}));
  afterEach(() => close(bench));
  return bench;
}

async function open(bench: AzureBench, options: HarnessOptions): Promise<void> {
  bench.cloud = await openHarness(options);
  await bench.cloud.start(armService());
  await bench.cloud.start(pluginsService());
  bench.client = new PluginClient(bench.cloud.context.portOf("azure-native"));
  await bench.client.configure({ subscriptionId: SUBSCRIPTION });
  await bench.make("resources:ResourceGroup", { resourceGroupName: "rg", location: "westeurope" });
}

async function close({ client, cloud }: AzureBench): Promise<void> {
  client.close();
  await cloud.stop();
}

/** Everything a tenant's edge needs, as the program declares it. */
export async function makeEdge({ make }: AzureBench): Promise<Record<string, State>> {
  const inProfile = { ...inGroup, profileName: "p" };
  const zone = await make("dns:Zone", {
    ...inGroup,
    zoneName: "local.test",
    location: "Global",
    zoneType: "Public",
  });
  const profile = await make("cdn:Profile", {
    ...inProfile,
    location: "Global",
    sku: { name: "Standard_AzureFrontDoor" },
  });
  const endpoint = await make("cdn:AFDEndpoint", {
    ...inProfile,
    endpointName: "e",
    location: "Global",
    enabledState: "Enabled",
  });
  const group = await make("cdn:AFDOriginGroup", {
    ...inProfile,
    originGroupName: "g",
    loadBalancingSettings: { sampleSize: 4 },
  });
  const origin = await make("cdn:AFDOrigin", {
    ...inProfile,
    originGroupName: "g",
    originName: "o",
    hostName: "origin.test",
    httpPort: 80,
  });
  const domain = await make("cdn:AFDCustomDomain", {
    ...inProfile,
    customDomainName: "acme",
    hostName: "acme.local.test",
  });
  const route = await make("cdn:Route", {
    ...inProfile,
    endpointName: "e",
    routeName: "acme",
    originGroup: { id: group.id },
    customDomains: [{ id: domain.id }],
    linkToDefaultDomain: "Disabled",
  });
  return { zone, profile, endpoint, group, origin, domain, route };
}
