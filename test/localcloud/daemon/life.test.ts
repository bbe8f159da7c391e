import { Resolver } from "node:dns/promises";
import * as fs from "node:fs/promises";
import path from "node:path";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalCloud, type LocalEnv, openLocalCloud } from "../../../src/localcloud/index.ts";
import { memoryUse } from "../../../src/localcloud/memoryUse.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";
import { callArm, makePlatform } from "./localCloudProcess.ts";

const VAULT = "tenantry-local-tenants";
const GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg";
const ZONE = "life.test";
const ZONE_PATH = `${GROUP}/providers/Microsoft.Network/dnsZones/${ZONE}`;
/** So many of each kind are acknowledged before anything is killed. */
const ENOUGH = 15;
/** However busy the machine and slow its disk. */
const SOON = { timeout: 60_000 };

let home: Awaited<ReturnType<typeof temporaryHome>>;
let cloud: LocalCloud;
let env: LocalEnv;

/** With PostgreSQL's durable settings: `TENANTRY_LOCAL_FAST` would lose what it acknowledged. */
beforeAll(async () => {
  delete process.env.TENANTRY_LOCAL_FAST;
  home = await temporaryHome();
  cloud = openLocalCloud({ root: ROOT, home: home.folder });
  env = await cloud.start();
  await makePlatform(env, { vault: VAULT, server: "db-01" });
  await callArm(env, "PUT", `${ZONE_PATH}?api-version=2018-05-01`, { location: "global" });
  env = await cloud.start();
  await query("CREATE TABLE written (name text PRIMARY KEY)");
});

afterAll(async () => {
  await cloud.stop();
  await home.remove();
});

async function vault(): Promise<SecretClient> {
  process.env.IDENTITY_ENDPOINT = env.identity.endpoint;
  process.env.IDENTITY_HEADER = env.identity.header;
  return new SecretClient(env.keyVault.url, new DefaultAzureCredential(), {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: await fs.readFile(env.ca, "utf8") },
    retryOptions: { maxRetries: 0 },
  });
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: env.postgres[0]!.port,
    user: "tenantry_admin",
    password: "Local-Passw0rd-1",
    database: "postgres",
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Writes one after the other until it fails; what is in `names` was acknowledged. */
interface Writer {
  readonly names: string[];
  readonly ended: Promise<unknown>;
}

function writing(prefix: string, write: (name: string) => Promise<unknown>): Writer {
  const names: string[] = [];
  const ended = (async () => {
    for (let n = 0; ; n += 1) {
      await write(`${prefix}-${n}`);
      names.push(`${prefix}-${n}`);
    }
  })().catch((error: unknown) => error);
  return { names, ended };
}

function recordPath(name: string): string {
  return `${ZONE_PATH}/TXT/${name}?api-version=2018-05-01`;
}

function writeRecord(name: string): Promise<unknown> {
  return callArm(env, "PUT", recordPath(name), { properties: { TTL: 60, TXTRecords: [{ value: [name] }] } });
}

async function untilEnough(...writers: readonly Writer[]): Promise<void> {
  for (const { names } of writers) await expect.poll(() => names.length, SOON).toBeGreaterThan(ENOUGH);
}

async function expectRecords({ names }: Writer): Promise<void> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${env.dns.port}`]);
  for (const name of names) {
    expect(await callArm(env, "GET", recordPath(name)), name).toMatchObject({ name });
    expect(await resolver.resolveTxt(`${name}.${ZONE}`)).toEqual([[name]]);
  }
}

async function expectRows({ names }: Writer): Promise<void> {
  const rows = (await query("SELECT name FROM written")).map(({ name }) => name);
  expect(rows).toEqual(expect.arrayContaining(names));
}

async function expectSecrets({ names }: Writer): Promise<void> {
  const reader = await vault();
  for (const name of names) expect((await reader.getSecret(name)).value).toBe(name);
}

async function untilGone(pid: number): Promise<void> {
  await expect.poll(async () => (await memoryUse([pid])).get(pid)?.bytes, SOON).toBe(0);
}

describe("kill -9 loses nothing that was acknowledged", () => {
  test("of the daemon: no secret of a vault, no resource of Resource Manager, no DNS record", async () => {
    const client = await vault();
    const secrets = writing("killed", (name) => client.setSecret(name, name));
    const records = writing("killed", writeRecord);
    await untilEnough(secrets, records);
    const { pid } = await cloud.status();
    process.kill(pid!, "SIGKILL");
    await Promise.all([secrets.ended, records.ended]);
    await untilGone(pid!);
    expect(await cloud.start()).toEqual(env);
    await expectSecrets(secrets);
    await expectRecords(records);
  });

  test("of a PostgreSQL server: no committed row", async () => {
    const client = await connect();
    const rows = writing("postgres", (name) => client.query("INSERT INTO written VALUES ($1)", [name]));
    await untilEnough(rows);
    const [server] = (await cloud.status()).postgres;
    process.kill(server!.pid, "SIGKILL");
    await rows.ended;
    await cloud.start();
    expect((await cloud.status()).postgres).toEqual([{ ...server, pid: expect.any(Number) }]);
    await expectRows(rows);
  });

  test("of all its processes at once: none of these", async () => {
    const client = await vault();
    const database = await connect();
    const secrets = writing("all", (name) => client.setSecret(name, name));
    const records = writing("all", writeRecord);
    const rows = writing("all", (name) => database.query("INSERT INTO written VALUES ($1)", [name]));
    await untilEnough(secrets, records, rows);
    const { pid, postgres } = await cloud.status();
    for (const each of [pid!, ...postgres.map((server) => server.pid)]) process.kill(each, "SIGKILL");
    await Promise.all([secrets.ended, records.ended, rows.ended]);
    await untilGone(pid!);
    expect(await cloud.start()).toEqual(env);
    await expectSecrets(secrets);
    await expectRecords(records);
    await expectRows(rows);
  });
});

describe("status", () => {
  test("shows memory of the daemon and of each server with its processes, and what is on disk", async () => {
    const { pid, memory, disk, vaults, stored } = await cloud.status();
    expect(memory.daemon).toEqual({ bytes: expect.any(Number), processes: 1 });
    expect(memory.daemon!.bytes).toBeGreaterThan(20_000_000);
    const server = memory.postgres["db-01"]!;
    // Postmaster, checkpointer, background writer, WAL writer, autovacuum and replication launchers, and more.
    expect(server.processes).toBeGreaterThanOrEqual(5);
    expect(server.bytes).toBeGreaterThan(5_000_000);
    expect(pid).toBeGreaterThan(0);
    expect(disk.databases["db-01"]).toBeGreaterThan(20_000_000);
    expect(disk.state).toBeGreaterThan(0);
    expect(disk.state).toBeLessThan(disk.databases["db-01"]!);
    expect(vaults).toEqual([
      { name: VAULT, port: Number(new URL(env.keyVault.url).port), secrets: stored[`vault:${VAULT}`] },
    ]);
  });

  test("tells what is stored and what takes place on disk also when nothing runs", async () => {
    const running = await cloud.status();
    await cloud.stop();
    const stopped = await cloud.status();
    expect(stopped).toMatchObject({ isRunning: false, ports: {}, postgres: [], memory: { postgres: {} } });
    expect(stopped.stored).toEqual(running.stored);
    expect(stopped.vaults).toEqual(running.vaults);
    expect(Object.keys(stopped.disk.databases)).toEqual(["db-01"]);
    await cloud.start();
  });

  test("grows with what is written", async () => {
    const before = (await cloud.status()).disk;
    await query("CREATE TABLE big AS SELECT repeat('x', 1000) AS filler FROM generate_series(1, 20000)");
    await query("CHECKPOINT").catch(() => undefined);
    const after = (await cloud.status()).disk;
    expect(after.databases["db-01"]).toBeGreaterThan(before.databases["db-01"]! + 15_000_000);
    await fs.writeFile(path.join(home.backend, "grown"), Buffer.alloc(500_000, 1));
    expect((await cloud.status()).disk.backend).toBeGreaterThan(before.backend + 400_000);
  });
});
