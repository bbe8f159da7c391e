import { type Client, close, connect, PostgresError } from "../postgres/index.ts";
import { CACHE_CHANNEL } from "../registry/index.ts";

/** A request waits for master no longer than for a slow answer. */
const CONNECT_TIMEOUT_MS = 3_000;
const QUERY_TIMEOUT_MS = 3_000;
/** A master that was away a moment ago isn't knocked at again for every request. */
const RETRY_MS = 500;

/** Master's read-only URL; undefined while there is none. `isFresh`: what was kept has been refused. */
export type ReadMasterUrl = (isFresh: boolean) => Promise<string | undefined>;

/** Master can't be asked now. Its message holds no credential. */
export class MasterAwayError extends Error {
  override readonly name = "MasterAwayError";
}

/** Who is told what master says. */
export interface MasterEvents {
  /** A tenant's facts changed. */
  onChange(tenantId: string): void;
  /** Whatever was told before may have changed unheard: a connection is new. */
  onFresh(): void;
}

/**
 * The one connection of a gate to master: opened by the first question, listening before it answers one, and opened again
 * by the first question after it was lost. It never writes.
 */
export class MasterLink {
  readonly #readUrl: ReadMasterUrl;
  readonly #events: MasterEvents;
  #client: Client | undefined;
  #opening: Promise<Client> | undefined;
  #lastFailure: { readonly atMs: number; readonly error: MasterAwayError } | undefined;
  #isClosed = false;

  constructor(readUrl: ReadMasterUrl, events: MasterEvents) {
    this.#readUrl = readUrl;
    this.#events = events;
  }

  /** Rows of a reading statement. Throws MasterAwayError. */
  async query<Row>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const client = await this.#open();
    try {
      return (await client.query(sql, [...values])).rows as Row[];
    } catch (error) {
      // After a timeout nobody knows what the session's next answer belongs to.
      void this.#lose(client);
      throw away(error);
    }
  }

  /** Opens the connection when it is lost, without waiting: what is kept is served meanwhile, and news must be heard again. */
  wake(): void {
    if (this.#client !== undefined || this.#opening !== undefined) return;
    // Why it can't be opened is told to whoever needs an answer.
    this.#open().catch(() => undefined);
  }

  /** Ends the connection; questions throw afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opening = this.#opening?.catch(() => undefined);
    await opening;
    if (this.#client !== undefined) await this.#lose(this.#client);
  }

  async #open(): Promise<Client> {
    if (this.#isClosed) throw new MasterAwayError("the gate is closed");
    if (this.#client !== undefined) return this.#client;
    const last = this.#lastFailure;
    if (last !== undefined && performance.now() - last.atMs < RETRY_MS) throw last.error;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    try {
      const client = await this.#login();
      client.on("notification", ({ payload }) => this.#hear(client, payload ?? ""));
      client.once("end", () => void this.#lose(client));
      await client.query(`LISTEN ${CACHE_CHANNEL}`);
      this.#lastFailure = undefined;
      this.#client = client;
      this.#events.onFresh();
      return client;
    } catch (error) {
      this.#lastFailure = { atMs: performance.now(), error: away(error) };
      throw this.#lastFailure.error;
    }
  }

  /** An empty payload says that master itself goes: a session would keep its database from being dropped. */
  #hear(client: Client, payload: string): void {
    if (payload !== "") {
      this.#events.onChange(payload);
      return;
    }
    void this.#lose(client);
    this.#events.onFresh();
  }

  /** With the URL that is kept and, when its login is refused (a rotation), with a fresh one. */
  async #login(): Promise<Client> {
    const kept = await this.#urlOf(false);
    try {
      return await openSession(kept);
    } catch (error) {
      if (!(error instanceof PostgresError) || error.problem !== "login-refused") throw error;
      return openSession(await this.#urlOf(true));
    }
  }

  async #urlOf(isFresh: boolean): Promise<string> {
    const url = await this.#readUrl(isFresh);
    if (url === undefined) throw new MasterAwayError("there is no URL of master yet");
    return url;
  }

  async #lose(client: Client): Promise<void> {
    if (this.#client === client) this.#client = undefined;
    // How the end of a connection goes that nobody uses any more changes nothing.
    await close(client).catch(() => undefined);
  }
}

function openSession(url: string): Promise<Client> {
  return connect(url, {
    applicationName: "tenantry gate",
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    retryBudgetMs: 0,
  });
}

function away(error: unknown): MasterAwayError {
  if (error instanceof MasterAwayError) return error;
  return new MasterAwayError(error instanceof Error ? error.message : String(error), { cause: error });
}
