import { pathToFileURL } from "node:url";
import { caFileOf } from "../ca/index.ts";
import { type LocalEnv, PASSPHRASE } from "../environment.ts";
import type { OpenOriginGate } from "../frontDoor/originGate.ts";
import { IDENTITY_PATH, identityHeader } from "../identity/index.ts";
import { configFileOf } from "../names.ts";
import { azureNativePort } from "../plugins/index.ts";
import type { IdentityName } from "../roles/identities.ts";
import type { LocalService } from "../service.ts";
import { mayReadSecret } from "../vault/authorization.ts";
import type { Core } from "./core.ts";
import { type FaultControl, openFaultControl } from "./faultControl.ts";
import type { DaemonStatus } from "./localCloudStatus.ts";
import { createServices } from "./services.ts";

/** Secret of the platform vault that holds master's read-write URL. */
const MASTER_SECRET = "master-admin";

/** The plugins that both engines attach to, in the order they are listed, with the ports that an identity has. */
function pluginPorts(identity: IdentityName): readonly (readonly [name: string, port: string])[] {
  return [
    ["azure-native", azureNativePort(identity)],
    ["postgresql", "postgresql"],
    ["random", "random"],
  ];
}

/** A local cloud whose services all answer. */
export interface Running {
  env(root: string, identity: IdentityName): Promise<LocalEnv>;
  /** Starts PostgreSQL servers that have ended, e.g. killed for want of memory. */
  startServers(): Promise<void>;
  status(): Promise<DaemonStatus>;
  readonly faults: FaultControl;
  /** Stops every service; PostgreSQL's servers only when told, for the next daemon can take them as they are. */
  stop(options: { readonly keepsPostgres: boolean }): Promise<void>;
}

/** Starts everything. When one service fails, those that started are stopped again. */
export async function runServices(core: Core, openGate: OpenOriginGate): Promise<Running> {
  const started: LocalService[] = [];
  const stop = async (options: { readonly keepsPostgres: boolean }) => {
    for (const service of started.reverse()) await service.stop();
    await core.vaults.close();
    if (!options.keepsPostgres) await core.clusters.close();
    await core.store.close();
  };
  try {
    await Promise.all([core.vaults.start(), core.clusters.start()]);
    for (const service of createServices(openGate)) {
      started.push(service);
      for (const [name, port] of Object.entries(await service.start(core.context)))
        core.ports.set(name, port);
    }
  } catch (error) {
    await stop({ keepsPostgres: true });
    throw error;
  }
  const since = new Date().toISOString();
  return {
    env: (root, identity) => describe(core, root, identity),
    startServers: () => core.clusters.start(),
    status: () => report(core, since),
    faults: openFaultControl(core),
    stop,
  };
}

async function describe(core: Core, root: string, identity: IdentityName): Promise<LocalEnv> {
  const { context } = core;
  const { platformVault, tenantsVault, zone } = await core.refreshNames(root);
  const urlOf = (service: string) => `http://127.0.0.1:${context.portOf(service)}`;
  const postgres = await core.clusters.running();
  return {
    arm: { url: urlOf("arm") },
    keyVault: { url: await core.vaults.urlOf(tenantsVault) },
    dns: { host: "127.0.0.1", port: context.portOf("dns"), zone },
    frontDoor: { url: urlOf("frontDoor") },
    postgres: postgres.map(({ name, host, port }) => ({ name, host, port })),
    master: { url: masterUrl(core, identity) },
    backend: { url: pathToFileURL(context.home.backend).href },
    ca: caFileOf(context.home.keys),
    providers: pluginPorts(identity)
      .map(([name, port]) => `${name}:${context.portOf(port)}`)
      .join(","),
    platformVault: { url: await core.vaults.urlOf(platformVault) },
    identity: {
      name: identity,
      endpoint: `${urlOf("identity")}${IDENTITY_PATH}`,
      header: await identityHeader(context.home.keys, identity),
    },
    home: context.home.folder,
    configFile: configFileOf(root),
    passphrase: PASSPHRASE,
  };
}

async function report(core: Core, since: string): Promise<DaemonStatus> {
  const [running, processes] = await Promise.all([core.clusters.running(), core.clusters.processes()]);
  const postgres = running.map(({ name, port }) => ({
    name,
    pid: processes.find((each) => each.name === name)?.pid ?? 0,
    port,
  }));
  return {
    isRunning: true,
    home: core.context.home.folder,
    pid: process.pid,
    since,
    memoryBytes: process.memoryUsage().rss,
    ports: Object.fromEntries(core.ports),
    postgres,
  };
}

/** What the vault would tell that identity. */
function masterUrl({ context: { names }, vaults }: Core, identity: IdentityName): string {
  if (!mayReadSecret(identity, names.platformVault, MASTER_SECRET, names)) return "";
  return vaults.valueOf(names.platformVault, MASTER_SECRET) ?? "";
}
