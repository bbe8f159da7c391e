import { type Client, type ConnectOptions, close, connect } from "../postgres/index.ts";

/** `pg` has both; its types know neither. */
type PooledClient = Client & { ref(): void; unref(): void };

/** Connections of one process to one login: a fleet must leave room for the tenants' own (FAULTS F24). */
const MAX_OPEN = 8;
/** How long a connection that tenants share waits for its next use: the tenants of a run follow each other. */
const SHARED_IDLE_MS = 10_000;
/** The same in one tenant's database, whose resources follow each other within milliseconds. */
const OWN_IDLE_MS = 500;

/** A connection for one use. */
export interface Lease {
  readonly client: Client;
  /** Ends the use; the session must be as it was at its beginning. */
  giveBack(): Promise<void>;
  /** Closes it: its session may be in any state. */
  discard(): Promise<void>;
}

/**
 * Keeps connections for the next resource of the same run. Whoever holds a lease must not take a second one of the same
 * login: with all taken, both would wait for ever.
 */
export class ConnectionPool {
  private readonly logins = new Map<string, LoginPool>();

  /**
   * A connection of `url` with these options; waits while all are taken. `use` says whether other tenants' runs need the
   * same one. Throws what `connect` throws.
   */
  lease(url: string, options: ConnectOptions, use: "shared" | "own"): Promise<Lease> {
    const idleMs = use === "shared" ? SHARED_IDLE_MS : OWN_IDLE_MS;
    const key = `${options.applicationName}\n${url}`;
    const login =
      this.logins.get(key) ?? new LoginPool({ url, options, idleMs }, (empty) => this.forget(key, empty));
    this.logins.set(key, login);
    return login.lease();
  }

  /** Closes every connection that waits; those in use are closed when they are given back. */
  async release(): Promise<void> {
    const logins = [...this.logins.values()];
    this.logins.clear();
    await Promise.all(logins.map((login) => login.release()));
  }

  private forget(key: string, empty: LoginPool): void {
    if (this.logins.get(key) === empty) this.logins.delete(key);
  }
}

interface Login {
  readonly url: string;
  readonly options: ConnectOptions;
  readonly idleMs: number;
}

/** The connections of one login. */
class LoginPool {
  private readonly login: Login;
  private readonly onEmpty: (empty: LoginPool) => void;
  private readonly idle = new Map<PooledClient, NodeJS.Timeout>();
  private readonly waiting: (() => void)[] = [];
  private open = 0;
  private isReleased = false;

  /** `onEmpty` is told whenever no connection is left and nobody waits: a fleet has thousands of databases. */
  constructor(login: Login, onEmpty: (empty: LoginPool) => void) {
    this.login = login;
    this.onEmpty = onEmpty;
  }

  async lease(): Promise<Lease> {
    const client = this.takeIdle() ?? (await this.connect());
    if (client === undefined) {
      await new Promise<void>((go) => this.waiting.push(go));
      return this.lease();
    }
    return { client, giveBack: () => this.keep(client), discard: () => this.discard(client) };
  }

  async release(): Promise<void> {
    this.isReleased = true;
    await Promise.all([...this.idle.keys()].map((client) => this.discard(client)));
  }

  private takeIdle(): PooledClient | undefined {
    const [client] = this.idle.keys();
    if (client === undefined) return undefined;
    this.forget(client);
    client.ref();
    return client;
  }

  /** Undefined when all places are taken. */
  private async connect(): Promise<PooledClient | undefined> {
    if (this.open >= MAX_OPEN) return undefined;
    this.open += 1;
    try {
      const client = (await connect(this.login.url, this.login.options)) as PooledClient;
      // A server that restarts ends what waits; nobody may be given such a one.
      client.once("end", () => {
        this.forget(client);
        this.leave();
      });
      return client;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  private async keep(client: PooledClient): Promise<void> {
    if (this.isReleased) return this.discard(client);
    // Neither the timer nor the socket keeps a finished process alive.
    client.unref();
    this.idle.set(client, setTimeout(() => void this.discard(client), this.login.idleMs).unref());
    this.waiting.shift()?.();
  }

  private forget(client: PooledClient): void {
    clearTimeout(this.idle.get(client));
    this.idle.delete(client);
  }

  /** Its `end` event gives the place free. */
  private async discard(client: PooledClient): Promise<void> {
    this.forget(client);
    client.ref();
    await close(client);
  }

  private leave(): void {
    this.open -= 1;
    const next = this.waiting.shift();
    if (next !== undefined) next();
    else if (this.open === 0) this.onEmpty(this);
  }
}
