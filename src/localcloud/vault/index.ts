import { keyFromFile } from "../keyFile.ts";
import type { ServiceContext, VaultProperties, VaultServers } from "../service.ts";
import { Secrets } from "./secrets.ts";
import { createThrottle } from "./throttle.ts";
import { serveVault, type VaultServer } from "./vaultServer.ts";

const NAMESPACE = "vaults";
/** How long deleting and recovering a secret takes; on Azure it is seconds. Setting `VAULT_SETTLE_MS`. */
const SETTLE_MS = 100;

/** A vault that has a server, or had one until it was stopped. */
interface VaultDocument {
  readonly properties: VaultProperties;
  readonly isServed: boolean;
}

type VaultContext = Pick<
  ServiceContext,
  "certificate" | "faults" | "home" | "names" | "ports" | "setting" | "store" | "tokens"
>;

/** Opens what is kept of vaults; nothing listens before `start` or `ensure`. `now` is the clock, in ms. */
export async function openVaults(context: VaultContext, now: () => number = Date.now): Promise<Vaults> {
  return new Vaults(context, await keyFromFile(context.home.keys, "vault.key"), now);
}

/** All vaults' data planes. Names are compared without case. */
export class Vaults implements VaultServers {
  readonly #context: VaultContext;
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #secrets = new Map<string, Secrets>();
  readonly #servers = new Map<string, Promise<VaultServer>>();

  constructor(context: VaultContext, key: Buffer, now: () => number) {
    this.#context = context;
    this.#key = key;
    this.#now = now;
  }

  /** Serves again what was served before. */
  async start(): Promise<void> {
    const kept = this.#context.store.list<VaultDocument>(NAMESPACE);
    await Promise.all(kept.filter(({ doc }) => doc.isServed).map(({ id }) => this.#serve(id)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((name) => this.#close(name)));
  }

  async ensure(name: string, properties: VaultProperties): Promise<{ readonly url: string }> {
    await this.#put(name, { properties, isServed: true });
    return { url: (await this.#serve(name)).url };
  }

  async stop(name: string): Promise<void> {
    const known = this.#document(name);
    if (known !== undefined) await this.#put(name, { ...known, isServed: false });
    await this.#close(name);
  }

  async purge(name: string): Promise<void> {
    await this.#close(name);
    await this.#secretsOf(name).purgeAll();
    await this.#context.store.delete(NAMESPACE, name.toLowerCase());
  }

  async urlOf(name: string): Promise<string> {
    return `https://127.0.0.1:${await this.#port(name)}`;
  }

  /** Current value of a secret, read past HTTP. */
  valueOf(vault: string, secret: string): string | undefined {
    return this.#secretsOf(vault).peek(secret);
  }

  #serve(name: string): Promise<VaultServer> {
    const key = name.toLowerCase();
    const running = this.#servers.get(key);
    if (running !== undefined) return running;
    const starting = this.#listen(name);
    this.#servers.set(key, starting);
    starting.catch(() => this.#servers.delete(key));
    return starting;
  }

  async #listen(name: string): Promise<VaultServer> {
    const isPurgeProtected = () => this.#document(name)?.properties.isPurgeProtected ?? false;
    const limit = this.#context.setting("VAULT_TRANSACTIONS");
    const throttle = createThrottle(limit === undefined ? undefined : Number(limit));
    const [port, secrets] = [await this.#port(name), this.#secretsOf(name)];
    await secrets.removeExpired();
    return serveVault(this.#context, { name, port, secrets, isPurgeProtected, throttle });
  }

  async #close(name: string): Promise<void> {
    const running = this.#servers.get(name.toLowerCase());
    this.#servers.delete(name.toLowerCase());
    await (await running)?.close();
  }

  #secretsOf(name: string): Secrets {
    const vault = name.toLowerCase();
    const known = this.#secrets.get(vault);
    if (known !== undefined) return known;
    const settleMs = Number(this.#context.setting("VAULT_SETTLE_MS") ?? SETTLE_MS);
    const properties = () => this.#document(vault)?.properties ?? {};
    const { store } = this.#context;
    const opened = new Secrets({ vault, store, key: this.#key, now: this.#now, settleMs, properties });
    this.#secrets.set(vault, opened);
    return opened;
  }

  #port(name: string): Promise<number> {
    return this.#context.ports.reserve(`vault:${name.toLowerCase()}`);
  }

  #document(name: string): VaultDocument | undefined {
    return this.#context.store.get<VaultDocument>(NAMESPACE, name.toLowerCase());
  }

  #put(name: string, document: VaultDocument): Promise<void> {
    return this.#context.store.put(NAMESPACE, name.toLowerCase(), document);
  }
}
