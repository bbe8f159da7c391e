import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { dataDirOf, ensureCluster, removeCluster, SUPERUSER } from "../../src/localcloud/postgres/cluster.ts";
import { scramVerifier } from "../../src/postgres/index.ts";
import { findTestPort } from "./ports.ts";
import { copyPrototype, type Prototype, prototype, REACHABLE } from "./prototype.ts";

/** The product's admin on it: LOGIN, CREATEDB and CREATEROLE, as on Azure. */
const ADMIN = "tenantry_admin";
const PREFIX = "tenantry-test-pg-";

export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  /** Database `postgres` as a superuser: for looking, and for making faults. */
  readonly superuserUrl: string;
  /** Database `postgres` as the product's admin. */
  readonly adminUrl: string;
  /** Stops the server and deletes its files. */
  stop(): Promise<void>;
}

/** One throw-away PostgreSQL server on loopback, about a second; share it within a test file. */
export async function startTestPostgres(options: { maxConnections?: number } = {}): Promise<TestPostgres> {
  await removeAbandoned(REACHABLE);
  const place = await fs.mkdtemp(path.join(REACHABLE, `${PREFIX}${process.pid}-`));
  const model = prototype();
  const password = model?.password ?? randomBytes(18).toString("base64url");
  const port = await findTestPort();
  const order = {
    place,
    name: "test",
    port,
    maxConnections: options.maxConnections ?? 100,
    logFile: path.join(place, "server.log"),
    superuserPassword: password,
    isDurable: false,
  };
  if (model !== undefined) await prepareCopy(model, order);
  await ensureCluster(order);
  const urlOf = (user: string) => `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  await makeAdmin(urlOf(SUPERUSER), password);
  const stop = async () => {
    await removeCluster(order);
    await fs.rm(place, { recursive: true, force: true });
  };
  return { host: "127.0.0.1", port, superuserUrl: urlOf(SUPERUSER), adminUrl: urlOf(ADMIN), stop };
}

/** The data folder is there before the server is asked for, so that none is initialized. */
async function prepareCopy(model: Prototype, order: { place: string; name: string }): Promise<void> {
  const target = dataDirOf(order);
  const { uid, gid } = await fs.stat(model.dataDir);
  for (const folder of [order.place, path.dirname(target)]) {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    await fs.chown(folder, uid, gid);
  }
  await copyPrototype(model, target);
}

async function makeAdmin(superuserUrl: string, password: string): Promise<void> {
  const client = new pg.Client(superuserUrl);
  await client.connect();
  try {
    const verifier = await scramVerifier(password);
    await client.query(`CREATE ROLE ${ADMIN} LOGIN CREATEDB CREATEROLE PASSWORD '${verifier}'`);
  } finally {
    await client.end();
  }
}

/** A server whose data folder goes ends by itself within a minute, so files of killed test runs are enough. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await fs.readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    await fs.rm(path.join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    if ((error as NodeJS.ErrnoException).code === "EPERM") return true;
    throw error;
  }
}
