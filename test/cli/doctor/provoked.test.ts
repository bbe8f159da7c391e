import dgram from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { askService } from "../../../src/cli/doctor/askService.ts";
import { BUNDLE_END, observeBundles } from "../../../src/cli/doctor/bundleFacts.ts";
import { environmentFindings } from "../../../src/cli/doctor/environment.ts";
import { type EnvironmentFacts, observeDns } from "../../../src/cli/doctor/environmentFacts.ts";
import { findingsOf } from "../../../src/cli/doctor/machine.ts";
import { observeMachine, onPath } from "../../../src/cli/doctor/machineFacts.ts";
import { openCertificate } from "../../../src/localcloud/ca/index.ts";
import { openLocalCloud } from "../../../src/localcloud/index.ts";
import { findServerUser } from "../../../src/localcloud/postgres/serverUser.ts";
import { ROOT, temporaryHome } from "../../localcloud/temporaryHome.ts";
import { OPTIONS } from "../context.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-doctor-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

/** Findings that are not fine, of the machine as it is. */
async function wrongHere() {
  const findings = findingsOf(await observeMachine(OPTIONS, ROOT));
  return findings.filter(({ state }) => state !== "fine");
}

/** Facts of an environment of which only what is given is real. */
function facts(real: Partial<EnvironmentFacts>): EnvironmentFacts {
  const answer = { isAnswered: true, statusCode: 401 } as const;
  return {
    environment: "local",
    stacks: ["local"],
    vaults: [],
    arm: { name: "Resource Manager", url: "http://127.0.0.1:1", answer },
    dns: { zone: "local.tenantry.test" },
    master: { state: "absent" },
    interrupted: [],
    ...real,
  };
}

function brokenIn(real: Partial<EnvironmentFacts>) {
  return environmentFindings(facts(real)).filter(({ state }) => state === "broken");
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

describe("on this machine, provoked", () => {
  test("a local cloud: absent, then running, then stopped, then with a port that this process has taken", async () => {
    const home = await temporaryHome();
    vi.stubEnv("TENANTRY_HOME", home.folder);
    const cloud = openLocalCloud({ root: ROOT });
    onTestFinished(async () => {
      await cloud.stop();
      await home.remove();
    });
    const cloudOf = async () => (await wrongHere()).filter(({ what }) => /cloud|port/.test(what));
    expect(await cloudOf()).toMatchObject([{ what: "local cloud", found: "not started yet" }]);
    const env = await cloud.start();
    expect(await cloudOf()).toEqual([]);
    await cloud.stop();
    const stopped = { what: "local cloud", found: `stopped; what is stored is in ${home.folder}` };
    expect(await cloudOf()).toMatchObject([stopped]);
    const port = Number(new URL(env.arm.url).port);
    const squatter = net.createServer().listen(port, "127.0.0.1");
    onTestFinished(() => new Promise<void>((resolve) => squatter.close(() => resolve())));
    const who = process.platform === "linux" ? `process ${process.pid} \\('.+'\\)` : "another program";
    expect(await cloudOf()).toMatchObject([
      stopped,
      {
        what: `port ${port}`,
        state: "broken",
        found: expect.stringMatching(
          new RegExp(`^taken by ${who}; the local cloud's Resource Manager listens there$`),
        ),
      },
    ]);
  });

  test("a damaged journal of the local cloud is named with its line, and the rest is still looked at", async () => {
    vi.stubEnv("TENANTRY_HOME", folder);
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", "journal.ndjson"), "00000000 []\n00000000 []\n");
    const found = await wrongHere();
    expect(found.find(({ what }) => what === "local cloud")).toMatchObject({
      state: "broken",
      found: `its home can't be used: ${folder}/state/journal.ndjson:1: the local cloud's state is damaged: its checksum does not fit.`,
      remedy: expect.stringContaining("tenantry local reset"),
    });
    const all = findingsOf(await observeMachine(OPTIONS, ROOT)).map(({ what }) => what);
    expect(all).toEqual(expect.arrayContaining(["Node", "disk", "user", "engine", "pg_dump", "program"]));
  });

  test("a home that is a file", async () => {
    writeFileSync(join(folder, "home"), "");
    vi.stubEnv("TENANTRY_HOME", join(folder, "home"));
    expect((await wrongHere()).find(({ what }) => what === "local cloud")).toMatchObject({
      state: "broken",
      found: expect.stringContaining("is no folder (ENOTDIR)"),
    });
  });

  test("pg_dump missing from PATH", async () => {
    vi.stubEnv("TENANTRY_HOME", folder);
    vi.stubEnv("PATH", folder);
    expect((await wrongHere()).map(({ what }) => what)).toContain("pg_dump");
    writeFileSync(join(folder, "pg_dump"), "");
    expect((await wrongHere()).map(({ what }) => what)).not.toContain("pg_dump");
    expect(onPath("pg_dump", folder)).toBe(join(folder, "pg_dump"));
  });

  test("a machine without any of the users that PostgreSQL could run as", () => {
    writeFileSync(
      join(folder, "passwd"),
      "root:x:0:0:root:/root:/bin/bash\nme:x:1000:1000::/home/me:/bin/sh\n",
    );
    expect(findServerUser(join(folder, "passwd"))).toBeUndefined();
    writeFileSync(join(folder, "passwd"), "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n");
    expect(findServerUser(join(folder, "passwd"))).toEqual({ name: "daemon", uid: 1, gid: 1 });
  });

  test("a bundle that ends early", () => {
    writeFileSync(join(folder, "cli-index.cjs"), `whole();\n${BUNDLE_END}`);
    expect(observeBundles(ROOT, folder).damaged).toEqual([]);
    writeFileSync(join(folder, "localcloud-daemon.cjs"), "cut();");
    writeFileSync(join(folder, "provider-plugin.cjs"), "");
    expect(observeBundles(ROOT, folder).damaged).toEqual([
      join(folder, "localcloud-daemon.cjs"),
      join(folder, "provider-plugin.cjs"),
    ]);
  });
});

describe("in an environment, provoked", () => {
  test("a name server that is silent, and one that is gone", async () => {
    const silent = dgram.createSocket("udp4");
    await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", resolve));
    vi.stubEnv("TENANTRY_DNS", `127.0.0.1:${silent.address().port}`);
    expect(brokenIn({ dns: await observeDns(ROOT, "local") })).toMatchObject([
      { what: "DNS", found: expect.stringMatching(/^no answer: .*ETIMEOUT for 'local\.tenantry\.test'\.$/) },
    ]);
    await new Promise<void>((resolve) => silent.close(resolve));
    expect(brokenIn({ dns: await observeDns(ROOT, "local") })).toMatchObject([
      { what: "DNS", found: expect.stringMatching(/^no answer: .*(ECONNREFUSED|ETIMEOUT)/) },
    ]);
  });

  test("a vault that is stopped, and one whose authority isn't trusted", async () => {
    const trusted = await openCertificate(join(folder));
    const server = createSecureServer(trusted, (_, response) => response.writeHead(401).end());
    const url = `https://127.0.0.1:${await listen(server)}`;
    const ask = async () =>
      brokenIn({ vaults: [{ name: "tenants' vault", url, answer: await askService(url) }] });
    vi.stubEnv("NODE_EXTRA_CA_CERTS", join(folder, "ca.pem"));
    expect(await ask()).toEqual([]);
    mkdirSync(join(folder, "other"));
    await openCertificate(join(folder, "other"));
    vi.stubEnv("NODE_EXTRA_CA_CERTS", join(folder, "other", "ca.pem"));
    expect(await ask()).toMatchObject([
      { what: "tenants' vault", remedy: expect.stringContaining("NODE_EXTRA_CA_CERTS must name") },
    ]);
    vi.stubEnv("NODE_EXTRA_CA_CERTS", join(folder, "ca.pem"));
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(await ask()).toMatchObject([
      { what: "tenants' vault", found: expect.stringContaining("ECONNREFUSED") },
    ]);
  });

  test("a service whose clock is ten minutes ahead", async () => {
    const ahead = createServer((_, response) => {
      response.setHeader("date", new Date(Date.now() + 600_000).toUTCString());
      response.end();
    });
    const url = `http://127.0.0.1:${await listen(ahead)}`;
    const answer = await askService(url);
    expect(brokenIn({ arm: { name: "Resource Manager", url, answer } })).toMatchObject([
      {
        what: "clock",
        found: expect.stringMatching(/^this machine's is (59\d|60\d) s behind that of Resource Manager$/),
      },
    ]);
  });
});
