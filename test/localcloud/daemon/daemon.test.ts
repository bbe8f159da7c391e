import * as fs from "node:fs/promises";
import path from "node:path";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  environmentVariables,
  type LocalCloud,
  type LocalEnv,
  openLocalCloud,
} from "../../../src/localcloud/index.ts";
import { writePrivately } from "../../../src/localcloud/keyFile.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";
import { makePlatform, processesNaming, startInProcess } from "./localCloudProcess.ts";

type TemporaryHome = Awaited<ReturnType<typeof temporaryHome>>;

const VAULT = "tenantry-local-tenants";
/** However busy the machine and slow its disk: a process that ends, writes that are acknowledged. */
const SOON = { timeout: 60_000 };
let home: TemporaryHome;
let cloud: LocalCloud;
let env: LocalEnv;

beforeAll(async () => {
  process.env.TENANTRY_LOCAL_FAST = "1";
  home = await temporaryHome();
  cloud = openLocalCloud({ root: ROOT, home: home.folder });
});

afterAll(async () => {
  await cloud.stop();
  await home.remove();
});

function secrets(of: LocalEnv, ca: string): SecretClient {
  process.env.IDENTITY_ENDPOINT = of.identity.endpoint;
  process.env.IDENTITY_HEADER = of.identity.header;
  const options = {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca },
    retryOptions: { maxRetries: 0 },
  };
  return new SecretClient(of.keyVault.url, new DefaultAzureCredential(), options);
}

async function client(of = env): Promise<SecretClient> {
  return secrets(of, await fs.readFile(of.ca, "utf8"));
}

/** Whatever a test of another home left, also when it failed. */
async function discard(other: LocalCloud, otherHome: TemporaryHome): Promise<void> {
  await other.stop();
  await otherHome.remove();
}

/** Kills the daemon the hard way and waits until it is gone. */
async function killDaemon(): Promise<void> {
  const { pid } = await cloud.status();
  process.kill(pid!, "SIGKILL");
  await expect.poll(async () => (await cloud.status()).isRunning, SOON).toBe(false);
}

describe("local cloud", () => {
  test("nothing runs before the first start, and asking starts nothing", async () => {
    expect(await cloud.env()).toBeUndefined();
    expect(await cloud.status()).toEqual({
      isRunning: false,
      home: home.folder,
      ports: {},
      postgres: [],
      stored: {},
      vaults: [],
      memory: { postgres: {} },
      disk: { databases: {}, state: 0, backend: 0, log: 0 },
    });
    expect(await processesNaming(home.folder)).toEqual([]);
  });

  test("starts from several processes at once make one daemon, and all get the same answer", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => startInProcess(ROOT, home.folder)));
    env = answers[0]!;
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
    const { pid } = await cloud.status();
    await expect.poll(() => processesNaming(home.folder), SOON).toEqual([pid]);
  });

  test("the environment is complete, and the variables follow from it", async () => {
    const url = /^http:\/\/127\.0\.0\.1:\d+$/;
    const vaultUrl = /^https:\/\/127\.0\.0\.1:\d+$/;
    expect(env).toEqual({
      arm: { url: expect.stringMatching(url) },
      keyVault: { url: expect.stringMatching(vaultUrl) },
      dns: { host: "127.0.0.1", port: expect.any(Number), zone: "local.tenantry.test" },
      frontDoor: { url: expect.stringMatching(url) },
      postgres: [],
      master: { url: "" },
      backend: { url: `file://${home.folder}/backend` },
      ca: path.join(home.folder, "keys", "ca.pem"),
      providers: expect.stringMatching(/^azure-native:\d+,postgresql:\d+,random:\d+$/),
      platformVault: { url: expect.stringMatching(vaultUrl) },
      identity: {
        name: "owner",
        endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/msi\/token$/),
        header: expect.any(String),
      },
      home: home.folder,
      configFile: path.join(ROOT, "stacks", "Pulumi.local.yaml"),
      passphrase: "local",
    });
    expect(environmentVariables(env)).toEqual({
      PULUMI_BACKEND_URL: env.backend.url,
      PULUMI_CONFIG_PASSPHRASE: "local",
      PULUMI_DEBUG_PROVIDERS: env.providers,
      PULUMI_OPTION_CONFIG_FILE: env.configFile,
      PULUMI_OPTION_RUN_PROGRAM: "true",
      NODE_EXTRA_CA_CERTS: env.ca,
      IDENTITY_ENDPOINT: env.identity.endpoint,
      IDENTITY_HEADER: env.identity.header,
      TENANTRY_LOCAL_IDENTITY: "owner",
      TENANTRY_ARM_URL: env.arm.url,
      TENANTRY_DNS: `127.0.0.1:${env.dns.port}`,
      TENANTRY_FRONT_DOOR: env.frontDoor.url,
      TENANTRY_MAIL_FOLDER: path.join(env.home, "mail"),
    });
  });

  test("another identity has its own header and its own azure-native, and all else the same", async () => {
    const other = await openLocalCloud({ root: ROOT, home: home.folder, identity: "previewer" }).start();
    expect(other).toEqual({
      ...env,
      providers: expect.stringMatching(/^azure-native:\d+,postgresql:\d+,random:\d+$/),
      identity: { ...env.identity, name: "previewer", header: expect.any(String) },
    });
    expect(other.identity.header).not.toBe(env.identity.header);
    const [ofOwner = [], ofPreviewer = []] = [env, other].map(({ providers }) => providers.split(","));
    expect(ofPreviewer[0]).not.toBe(ofOwner[0]);
    expect(ofPreviewer.slice(1)).toEqual(ofOwner.slice(1));
    expect(environmentVariables(other)).toMatchObject({ TENANTRY_LOCAL_IDENTITY: "previewer" });
  });

  test("a start when it runs changes nothing", async () => {
    const before = await cloud.status();
    expect(await cloud.start()).toEqual(env);
    expect((await cloud.status()).pid).toBe(before.pid);
  });

  test("a vault and a server made through Resource Manager answer, and show in env and status", async () => {
    await makePlatform(env, { vault: VAULT, server: "db-01" });
    await (await client()).setSecret("one", "1");
    env = await cloud.start();
    expect(env.postgres).toEqual([{ name: "db-01", host: "127.0.0.1", port: expect.any(Number) }]);
    const status = await cloud.status();
    expect(status.postgres).toEqual([
      { name: "db-01", pid: expect.any(Number), port: env.postgres[0]?.port },
    ]);
    expect(status.stored).toMatchObject({ [`vault:${VAULT}`]: 1, postgres: 1 });
    expect(status.memoryBytes).toBeGreaterThan(1_000_000);
  });

  test("kill -9 of the daemon while secrets are written keeps all that were acknowledged, and PostgreSQL up", async () => {
    const { postgres } = await cloud.status();
    const writer = await client();
    const acknowledged: string[] = [];
    const writing = (async () => {
      for (let n = 0; ; n += 1) {
        await writer.setSecret(`written-${n}`, String(n));
        acknowledged.push(`written-${n}`);
      }
    })();
    const failed = expect(writing).rejects.toThrow();
    await expect.poll(() => acknowledged.length, SOON).toBeGreaterThan(20);
    await killDaemon();
    await failed;
    expect((await cloud.status()).postgres).toEqual(postgres);
    expect(await cloud.start()).toEqual(env);
    expect((await cloud.status()).postgres).toEqual(postgres);
    const reader = await client();
    for (const name of acknowledged)
      expect((await reader.getSecret(name)).value).toBe(name.slice("written-".length));
  });

  test("a daemon of another program is replaced, PostgreSQL left alone", async () => {
    const before = await cloud.status();
    const notice = path.join(home.run, "daemon.json");
    await writePrivately(
      notice,
      JSON.stringify({ ...JSON.parse(await fs.readFile(notice, "utf8")), program: "older" }),
    );
    expect(await cloud.start()).toEqual(env);
    const after = await cloud.status();
    expect(after.pid).not.toBe(before.pid);
    expect(after.postgres).toEqual(before.postgres);
  });

  test("a start brings back a PostgreSQL server that was killed", async () => {
    const [server] = (await cloud.status()).postgres;
    process.kill(server!.pid, "SIGKILL");
    await expect.poll(async () => (await cloud.env())?.postgres, SOON).toEqual([]);
    expect(await cloud.start()).toEqual(env);
    expect((await cloud.status()).postgres).toEqual([{ ...server, pid: expect.any(Number) }]);
  });

  test("two homes side by side share nothing", async () => {
    const otherHome = await temporaryHome();
    const other = openLocalCloud({ root: ROOT, home: otherHome.folder });
    onTestFinished(() => discard(other, otherHome));
    const otherEnv = await other.start();
    const ports = (of: LocalEnv): readonly string[] => JSON.stringify(of).match(/:(\d{5})\b/g) ?? [];
    expect(ports(otherEnv).filter((port) => ports(env).includes(port))).toEqual([]);
    expect(otherEnv.identity.header).not.toBe(env.identity.header);
    await makePlatform(otherEnv, { vault: VAULT });
    const intruder = secrets(env, await fs.readFile(otherEnv.ca, "utf8"));
    await expect(intruder.getSecret("one")).rejects.toThrow(/certificate/);
    await other.stop();
    expect((await cloud.status()).isRunning).toBe(true);
  });

  test("stop ends every process, twice is fine, and the next start has everything back", async () => {
    await cloud.stop();
    await cloud.stop();
    expect(await processesNaming(home.folder)).toEqual([]);
    expect(await processesNaming(home.postgres)).toEqual([]);
    expect(await cloud.start()).toEqual(env);
    expect((await (await client()).getSecret("one")).value).toBe("1");
  });

  test("stop after kill -9 of the daemon ends PostgreSQL too", async () => {
    await killDaemon();
    expect((await cloud.status()).postgres).toHaveLength(1);
    await cloud.stop();
    expect(await processesNaming(home.postgres)).toEqual([]);
    await cloud.start();
  });

  test("stop right after a start has begun ends what was starting", async () => {
    await cloud.stop();
    const starting = cloud.start().catch((error: unknown) => error);
    await expect.poll(() => processesNaming(home.folder), { ...SOON, interval: 5 }).not.toEqual([]);
    await cloud.stop();
    await starting;
    await cloud.stop();
    expect(await processesNaming(home.folder)).toEqual([]);
    expect(await processesNaming(home.postgres)).toEqual([]);
    await cloud.start();
  });

  test("reset leaves nothing of what was stored", async () => {
    await cloud.reset();
    expect(await processesNaming(home.folder)).toEqual([]);
    expect(await fs.readdir(home.folder)).toEqual(["run"]);
    await expect(fs.stat(home.postgres)).rejects.toMatchObject({ code: "ENOENT" });
    const fresh = await cloud.start();
    expect(fresh.identity.header).not.toBe(env.identity.header);
    expect(fresh.postgres).toEqual([]);
    env = fresh;
  });
});

describe("what goes wrong", () => {
  test("a project without stacks/Pulumi.local.yaml is named, by a running daemon and by one that can't start", async () => {
    const empty = await temporaryHome();
    const file = path.join(empty.folder, "stacks", "Pulumi.local.yaml");
    const expected = {
      code: "E_NO_CONFIG",
      message: `'${file}' is missing: it names the local cloud's vaults and zone.`,
    };
    await expect(openLocalCloud({ root: empty.folder, home: home.folder }).start()).rejects.toMatchObject(
      expected,
    );
    const other = openLocalCloud({ root: empty.folder, home: path.join(empty.folder, "home") });
    onTestFinished(() => discard(other, empty));
    await expect(other.start()).rejects.toMatchObject(expected);
  });

  test("a kept port that another program has taken is named", async () => {
    await cloud.stop();
    const { createServer } = await import("node:net");
    const port = Number(new URL(env.arm.url).port);
    const squatter = createServer().listen(port, "127.0.0.1");
    await expect(cloud.start()).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      message: expect.stringContaining(`listens on 127.0.0.1:${port}, which another program has taken.`),
    });
    await new Promise((resolve) => squatter.close(resolve));
    expect(await cloud.start()).toEqual(env);
  });

  test("a daemon whose home is gone ends by itself, with its servers, and deletes no database", async () => {
    const lost = await temporaryHome();
    const other = openLocalCloud({ root: ROOT, home: lost.folder });
    onTestFinished(() => discard(other, lost));
    await makePlatform(await other.start(), { vault: VAULT, server: "db-01" });
    await fs.rm(lost.folder, { recursive: true });
    await expect.poll(() => processesNaming(lost.folder), SOON).toEqual([]);
    await expect.poll(() => processesNaming(lost.postgres), SOON).toEqual([]);
    if (!lost.postgres.startsWith(lost.folder))
      expect(await fs.readdir(path.join(lost.postgres, "data"))).toEqual(["db-01"]);
  });
});
