import type { Faults } from "../faults/index.ts";
import { LocalCloudError } from "../localCloudError.ts";
import type { Ports } from "../service.ts";
import { type FaultProxy, openFaultProxy } from "./faultProxy.ts";

/** What faults do to servers that are otherwise as they should be: behind a proxy, or down. */
export class ServerFaults {
  readonly #context: { readonly ports: Ports; readonly faults: Faults };
  readonly #proxies = new Map<string, FaultProxy | undefined>();
  readonly #down = new Map<string, NodeJS.Timeout | undefined>();

  constructor(context: { readonly ports: Ports; readonly faults: Faults }) {
    this.#context = context;
  }

  /** Whether a crash holds it down. */
  isDown(name: string): boolean {
    return this.#down.has(name);
  }

  isProxied(name: string): boolean {
    return this.#proxies.has(name);
  }

  /** Where the server itself listens: at its own port, or at another one behind the proxy. */
  async listenPort(name: string): Promise<number> {
    return this.#context.ports.reserve(this.isProxied(name) ? behindName(name) : portName(name));
  }

  /** Where clients find it. */
  async publicPort(name: string): Promise<number> {
    return this.#context.ports.reserve(portName(name));
  }

  /** Makes room for the proxy: from now on `listenPort` is another one. */
  makeRoom(name: string): void {
    this.#proxies.set(name, undefined);
  }

  /** Listens at the server's own port, which it has left. */
  async open(name: string, crash: (restartAfterMs: number | undefined) => void): Promise<void> {
    const [port, behind] = [await this.publicPort(name), await this.listenPort(name)];
    const strike = (path: string) => this.#context.faults.take({ service: "postgres", name, path });
    this.#proxies.set(name, await openFaultProxy({ name, port, behind, strike, crash }));
  }

  /** Gives the server its own port back. */
  async close(name: string): Promise<void> {
    const proxy = this.#proxies.get(name);
    this.#proxies.delete(name);
    await proxy?.close();
  }

  /** Holds a server down; with a time, `revive` is called after it. */
  hold(name: string, restartAfterMs: number | undefined, revive: () => Promise<void>): void {
    const later = () => void revive().catch((error: unknown) => console.error(error));
    this.letUp(name);
    this.#down.set(name, restartAfterMs === undefined ? undefined : setTimeout(later, restartAfterMs));
  }

  /** Ends the hold. Starts nothing. */
  letUp(name: string): void {
    clearTimeout(this.#down.get(name));
    this.#down.delete(name);
  }

  /** Forgets a server for good. */
  async forget(name: string): Promise<void> {
    this.letUp(name);
    await this.close(name);
    for (const port of [portName(name), behindName(name)]) await this.#context.ports.release(port);
  }

  async closeAll(): Promise<void> {
    for (const name of [...this.#down.keys()]) this.letUp(name);
    for (const name of [...this.#proxies.keys()]) await this.close(name);
  }
}

/** There is no such server. */
export function noSuchServer(name: string, servers: readonly string[]): LocalCloudError {
  const expected = servers.length === 0 ? "none is there" : servers.map((each) => `'${each}'`).join(" or ");
  return new LocalCloudError(
    "E_NOT_SUPPORTED",
    `fault: no PostgreSQL server '${name}'; expected ${expected}.`,
  );
}

function portName(server: string): string {
  return `postgres:${server}`;
}

function behindName(server: string): string {
  return `postgres:${server}:behind`;
}
