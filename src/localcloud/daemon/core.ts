import { openCertificate } from "../ca/index.ts";
import { Faults } from "../faults/index.ts";
import { EdgeCache } from "../frontDoor/edgeCache.ts";
import { type Home, makeHome } from "../home.ts";
import { keyFromFile } from "../keyFile.ts";
import { readNames } from "../names.ts";
import { openPorts } from "../portStore.ts";
import { Clusters } from "../postgres/servers.ts";
import type { EnvironmentNames, ServiceContext } from "../service.ts";
import { openStore, type Store } from "../store.ts";
import { openTokens } from "../tokens.ts";
import { openVaults, type Vaults } from "../vault/index.ts";
import { SETTING_PREFIX } from "./protocol.ts";

/** What every service stands on, with what only the daemon may do. */
export interface Core {
  readonly context: ServiceContext;
  readonly store: Store;
  readonly vaults: Vaults;
  readonly clusters: Clusters;
  /** Ports of the services that run. */
  readonly ports: Map<string, number>;
  /** Reads the project's names again: its config may have changed since the daemon started. */
  refreshNames(root: string): Promise<EnvironmentNames>;
}

/** Opens a home's state. The caller holds the home's lock. */
export async function openCore(home: Home, root: string): Promise<Core> {
  await makeHome(home);
  const setting = (name: string) => process.env[`${SETTING_PREFIX}${name}`];
  const [store, tokenKey, certificate, firstNames] = await Promise.all([
    openStore(home.state),
    keyFromFile(home.keys, "token.key"),
    openCertificate(home.keys),
    readNames(root),
  ]);
  // One object for good: services keep it, and see what refreshNames changes.
  const names: { -readonly [Name in keyof EnvironmentNames]: string } = { ...firstNames };
  const running = new Map<string, number>();
  const base = {
    home,
    store,
    ports: openPorts(store),
    setting,
    certificate,
    tokens: openTokens(tokenKey),
    faults: new Faults(),
  };
  const vaults = await openVaults({ ...base, names });
  const clusters = new Clusters(base);
  const context: ServiceContext = {
    ...base,
    vaults,
    postgres: clusters,
    edgeCache: new EdgeCache(),
    names,
    portOf: (name) => portOf(running, name),
    platformSecret: async (vault, secret) => vaults.valueOf(vault, secret),
  };
  const refreshNames = async (from: string) => {
    return Object.assign(names, await readNames(from));
  };
  return { context, store, vaults, clusters, ports: running, refreshNames };
}

function portOf(running: ReadonlyMap<string, number>, name: string): number {
  const port = running.get(name);
  if (port === undefined) throw new Error(`No service of the local cloud has answered a port '${name}' yet.`);
  return port;
}
