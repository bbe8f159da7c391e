import path from "node:path";
import pg from "pg";
import { keyFromFile } from "../keyFile.ts";
import type { PostgresAddress, PostgresOrder, PostgresServers, ServiceContext } from "../service.ts";
import {
  type ClusterOrder,
  dataDirOf,
  ensureCluster,
  removeCluster,
  SUPERUSER,
  stopCluster,
} from "./cluster.ts";
import { crashPostmaster } from "./clusterProcess.ts";
import { findPostmaster } from "./postmaster.ts";
import { noSuchServer, ServerFaults } from "./serverFaults.ts";

const NAMESPACE = "postgres";
const HOST = "127.0.0.1";
/** Azure's default for the smallest sizes is lower; placement counts with its own number. */
const DEFAULT_MAX_CONNECTIONS = 100;
/** Names go into paths and SQL: those of flexible servers and nothing else. */
const SERVER_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

interface ServerDocument {
  readonly order: PostgresOrder;
  readonly version: string;
}

type PostgresContext = Pick<ServiceContext, "faults" | "home" | "ports" | "setting" | "store">;

/** Azure's group of a server's admins. */
const ADMINS = "azure_pg_admin";

/** The flexible servers' real PostgreSQL clusters. They outlive a killed daemon; the next one finds them by their data. */
export class Clusters implements PostgresServers {
  readonly #context: PostgresContext;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #faults: ServerFaults;

  constructor(context: PostgresContext) {
    this.#context = context;
    this.#faults = new ServerFaults(context);
  }

  /** Starts every server that no fault holds down; those that still run are taken as they are. */
  async start(): Promise<void> {
    const wanted = this.#names().filter((name) => !this.#faults.isDown(name));
    await Promise.all(wanted.map((name) => this.#inTurn(name, () => this.#startCluster(name))));
  }

  /** Stops every server; the data stay. */
  async close(): Promise<void> {
    await this.#faults.closeAll();
    const names = this.#names();
    await Promise.all(names.map((name) => this.#inTurn(name, () => stopCluster(this.#cluster(name)))));
  }

  async ensure(name: string, order: PostgresOrder): Promise<PostgresAddress> {
    if (!SERVER_NAME.test(name)) throw new Error(`'${name}' is not a PostgreSQL server's name.`);
    return this.#inTurn(name, () => this.#ensureNow(name, order));
  }

  async remove(name: string): Promise<void> {
    await this.#inTurn(name, async () => {
      await removeCluster(this.#cluster(name));
      await this.#context.store.delete(NAMESPACE, name);
      await this.#faults.forget(name);
    });
  }

  /** Throws `E_NOT_SUPPORTED` for a name that no server has. */
  assertKnown(name: string): void {
    const names = this.#names();
    if (!names.includes(name)) throw noSuchServer(name, names);
  }

  /** Ends a server at once; it is back after that time, or with `revive`. */
  async crash(name: string, restartAfterMs: number | undefined): Promise<void> {
    this.#faults.hold(name, restartAfterMs, () => this.revive(name));
    await this.#inTurn(name, () => crashPostmaster(dataDirOf(this.#cluster(name))));
  }

  /** Starts a server that a crash held down. */
  async revive(name: string): Promise<void> {
    this.#faults.letUp(name);
    await this.#inTurn(name, () => this.#startCluster(name));
  }

  /** Puts a proxy before a server, or takes it away: the server is restarted, and its sessions end. */
  async setProxied(name: string, isProxied: boolean): Promise<void> {
    await this.#inTurn(name, async () => {
      if (isProxied === this.#faults.isProxied(name)) return;
      if (!isProxied) {
        await this.#faults.close(name);
        await this.#startCluster(name);
        return;
      }
      this.#faults.makeRoom(name);
      try {
        await this.#startCluster(name);
        await this.#faults.open(name, (afterMs) => void this.crash(name, afterMs).catch(console.error));
      } catch (error) {
        await this.#faults.close(name);
        await this.#startCluster(name);
        throw error;
      }
    });
  }

  async running(): Promise<readonly PostgresAddress[]> {
    const found = await Promise.all(
      this.#context.store.list<ServerDocument>(NAMESPACE).map(async ({ id, doc }) => {
        const postmaster = await findPostmaster(dataDirOf(this.#cluster(id)));
        return postmaster?.isReady
          ? [{ name: id, host: HOST, port: await this.#faults.publicPort(id), version: doc.version }]
          : [];
      }),
    );
    return found.flat();
  }

  /** Process ids of the servers that run, for `status`. */
  async processes(): Promise<readonly { readonly name: string; readonly pid: number }[]> {
    const running = await this.running();
    const found = await Promise.all(
      running.map(async ({ name }) => ({
        name,
        pid: (await findPostmaster(dataDirOf(this.#cluster(name))))?.pid,
      })),
    );
    return found.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]));
  }

  /** Kept before it is made: a daemon killed in the middle starts it again and finds what is missing. */
  async #ensureNow(name: string, order: PostgresOrder): Promise<PostgresAddress> {
    const known = this.#context.store.get<ServerDocument>(NAMESPACE, name);
    await this.#context.store.put(NAMESPACE, name, { order, version: known?.version ?? "" });
    const port = await this.#startCluster(name);
    const version = await this.#makeAdmin(port, order);
    await this.#context.store.put(NAMESPACE, name, { order, version });
    return { name, host: HOST, port: await this.#faults.publicPort(name), version };
  }

  async #startCluster(name: string): Promise<number> {
    const port = await this.#faults.listenPort(name);
    const maxConnections = this.#context.store.get<ServerDocument>(NAMESPACE, name)?.order.maxConnections;
    const cluster: ClusterOrder = {
      ...this.#cluster(name),
      port,
      maxConnections: maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      logFile: path.join(this.#context.home.log, `postgres-${name}.log`),
      superuserPassword: await this.#superuserPassword(),
      isDurable: this.#context.setting("FAST") !== "1",
    };
    return (await ensureCluster(cluster)).port;
  }

  #names(): readonly string[] {
    return this.#context.store.list<ServerDocument>(NAMESPACE).map(({ id }) => id);
  }

  #cluster(name: string): Pick<ClusterOrder, "name" | "place"> {
    return { place: this.#context.home.postgres, name };
  }

  async #superuserPassword(): Promise<string> {
    return (await keyFromFile(this.#context.home.keys, "azuresu.password", 24)).toString("base64url");
  }

  async #makeAdmin(port: number, order: PostgresOrder): Promise<string> {
    const password = await this.#superuserPassword();
    const client = new pg.Client({ host: HOST, port, user: SUPERUSER, password, database: "postgres" });
    await client.connect();
    try {
      const login = client.escapeIdentifier(order.adminLogin);
      const { rowCount } = await client.query("select from pg_roles where rolname = $1", [order.adminLogin]);
      const verb = rowCount === 0 ? "CREATE" : "ALTER";
      const verifier = client.escapeLiteral(order.adminVerifier);
      await client.query(`${verb} ROLE ${login} NOSUPERUSER LOGIN CREATEDB CREATEROLE PASSWORD ${verifier}`);
      await giveMaintenance(client, login);
      const { rows } = await client.query<{ server_version: string }>("show server_version");
      return rows[0]?.server_version.split(" ")[0] ?? "";
    } finally {
      await client.end();
    }
  }

  #inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(name, mine);
    return mine;
  }
}

/** As on Azure: the maintenance database belongs to a role that every admin is a member of. */
async function giveMaintenance(client: pg.Client, login: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [ADMINS]);
  if (rowCount === 0) await client.query(`CREATE ROLE ${client.escapeIdentifier(ADMINS)} NOLOGIN`);
  await client.query(`GRANT ${client.escapeIdentifier(ADMINS)} TO ${login}`);
  await client.query(`ALTER DATABASE postgres OWNER TO ${client.escapeIdentifier(ADMINS)}`);
}
