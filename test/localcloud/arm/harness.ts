import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Faults } from "../../../src/localcloud/faults/index.ts";
import { EdgeCache } from "../../../src/localcloud/frontDoor/edgeCache.ts";
import { homeOf } from "../../../src/localcloud/home.ts";
import type {
  LocalService,
  PostgresOrder,
  ServiceContext,
  VaultProperties,
} from "../../../src/localcloud/service.ts";
import { openStore, type Store } from "../../../src/localcloud/store.ts";
import { openTokens } from "../../../src/localcloud/tokens.ts";
import { findTestPort } from "../../support/ports.ts";

export const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`;
export const DNS = "2018-05-01";
export const CDN = "2024-02-01";

/** Long enough for a busy machine: `expect.poll` gives up after a second by itself. */
export const SOON = { timeout: 30_000 };

/** Real store, tokens and ports in a throw-away home; vaults and servers only write down what they are told. */
export interface Harness {
  readonly context: ServiceContext;
  readonly store: Store;
  readonly calls: string[];
  /** Starts a service and remembers its ports. */
  start(service: LocalService): Promise<void>;
  /** Stops what was started, last first. */
  stop(): Promise<void>;
  /** Asks Resource Manager. `path` may be relative to the group `rg` and have a query. */
  arm(method: string, path: string, version: string, body?: object): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: documents of many shapes, compared whole
  readonly body: any;
  readonly headers: Headers;
}

export interface HarnessOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Continues an earlier harness's home. */
  readonly folder?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Fails or delays a server's start and removal. */
  readonly onServer?: (name: string) => Promise<void>;
}

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const folder = options.folder ?? (await fs.mkdtemp(path.join(os.tmpdir(), "tenantry-arm-")));
  const store = await openStore(path.join(folder, "state"));
  const calls: string[] = [];
  const ports = new Map<string, number>();
  const started: LocalService[] = [];
  const context = contextOf(folder, store, calls, ports, options);
  const token = context.tokens.issue("https://management.azure.com/");
  return {
    context,
    store,
    calls,
    start: async (service) => {
      for (const [name, port] of Object.entries(await service.start(context))) ports.set(name, port);
      started.push(service);
    },
    stop: async () => {
      for (const service of started.splice(0).reverse()) await service.stop();
      await store.close();
      await fs.rm(folder, { recursive: true, force: true });
    },
    arm: (method, where, version, body) =>
      ask(`http://127.0.0.1:${ports.get("arm")}`, token, method, where, version, body),
  };
}

function contextOf(
  folder: string,
  store: Store,
  calls: string[],
  ports: Map<string, number>,
  { settings = {}, secrets = {}, onServer }: HarnessOptions,
): ServiceContext {
  return {
    home: homeOf(folder, folder),
    store,
    ports: { reserve: () => findTestPort(), release: () => Promise.resolve() },
    names: {
      platformVault: "kv-platform",
      tenantsVault: "kv-tenants",
      zone: "local.test",
      originHost: "origin.local.test",
    },
    tokens: openTokens(Buffer.from("key")),
    faults: new Faults(),
    certificate: { cert: "", key: "", ca: "" },
    vaults: {
      ensure: async (name: string, properties: VaultProperties) => {
        calls.push(`vault ensure ${name} ${JSON.stringify(properties)}`);
        return { url: `https://127.0.0.1:1/${name}` };
      },
      stop: async (name: string) => void calls.push(`vault stop ${name}`),
      purge: async (name: string) => void calls.push(`vault purge ${name}`),
      urlOf: async (name: string) => `https://127.0.0.1:1/${name}`,
    },
    postgres: {
      ensure: async (name: string, order: PostgresOrder) => {
        calls.push(`server ensure ${name} ${order.adminLogin} ${order.adminVerifier.slice(0, 18)}`);
        await onServer?.(name);
        return { name, host: "127.0.0.1", port: 5433, version: "18.4" };
      },
      remove: async (name: string) => {
        calls.push(`server remove ${name}`);
        await onServer?.(name);
      },
      running: async () => [],
    },
    edgeCache: new EdgeCache(),
    portOf: (name) => ports.get(name) ?? 0,
    platformSecret: async (vault, secret) => secrets[`${vault}/${secret}`],
    setting: (name) => settings[name],
  };
}

async function ask(
  url: string,
  token: string,
  method: string,
  where: string,
  version: string,
  body?: object,
): Promise<Answer> {
  const full = where.startsWith("/") ? where : `${GROUP}${where === "" ? "" : `/providers/${where}`}`;
  const response = await fetch(`${url}${full}${full.includes("?") ? "&" : "?"}api-version=${version}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    headers: response.headers,
  };
}

/** A group with zone `local.test`, and a profile with endpoint, origin group and origin. */
export async function makeEdge({ arm }: Pick<Harness, "arm">): Promise<void> {
  const made = [
    await arm("PUT", "", "2024-03-01", { location: "westeurope" }),
    await arm("PUT", "Microsoft.Network/dnsZones/local.test", DNS, { location: "Global" }),
    await arm("PUT", "Microsoft.Cdn/profiles/p", CDN, {
      location: "Global",
      sku: { name: "Standard_AzureFrontDoor" },
    }),
    await arm("PUT", "Microsoft.Cdn/profiles/p/afdEndpoints/e", CDN, { location: "Global" }),
    await arm("PUT", "Microsoft.Cdn/profiles/p/originGroups/g", CDN, { properties: {} }),
    await arm("PUT", "Microsoft.Cdn/profiles/p/originGroups/g/origins/o", CDN, {
      properties: { hostName: "origin.local.test" },
    }),
  ];
  const failed = made.find(({ status }) => status !== 201);
  if (failed !== undefined) throw new Error(JSON.stringify(failed.body));
}
