import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import type { LocalEnv } from "../../../src/localcloud/index.ts";
import { findServerUser } from "../../../src/localcloud/postgres/serverUser.ts";
import { callArm } from "../../localcloud/daemon/localCloudProcess.ts";
import { cleanEnvironment, createWorkspace, type Workspace } from "../../support/workspace.ts";

const GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/tenantry-local";
const nobody = process.getuid?.() === 0 ? findServerUser() : undefined;

let workspace: Workspace;
beforeAll(async () => {
  workspace = createWorkspace();
  expect(await workspace.tenantry(["up", "--platform"])).toMatchObject({ code: 0 });
});
afterAll(() => workspace.dispose());

async function doctor(): Promise<{ code: number | null; findings: readonly Finding[] }> {
  const { code, stdout } = await workspace.tenantry(["doctor", "--json"]);
  return { code, findings: JSON.parse(stdout) };
}

function named(findings: readonly Finding[], state: Finding["state"]): string[] {
  return findings.filter((each) => each.state === state).map(({ what }) => what);
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse((await workspace.tenantry([...args, "--json"])).stdout) as T;
}

/** On one platform, one thing broken after the other. */
describe("`tenantry doctor` of a running platform", () => {
  test("finds it sound: vaults, Resource Manager, DNS, master and the clocks of all", async () => {
    const { code, findings } = await doctor();
    expect(named(findings, "broken")).toEqual([]);
    expect(code).toBe(0);
    expect(named(findings, "fine")).toEqual(
      expect.arrayContaining([
        "local cloud",
        "platform",
        "platform's vault",
        "tenants' vault",
        "Resource Manager",
        "DNS",
        "clock",
      ]),
    );
    expect(findings.find(({ what }) => what === "clock")?.found).toBe(
      "as that of platform's vault, tenants' vault, Resource Manager, master",
    );
  });

  test("for a person says the same in words", async () => {
    const { stdout } = await workspace.tenantry(["doctor"]);
    expect(stdout).toMatch(/^ok {5}Node: v\d+/m);
    expect(stdout).toMatch(/^ok {5}clock: as that of/m);
  });

  test("names a PostgreSQL server that was killed, hides nothing else, and doesn't start it", async () => {
    type Status = { readonly postgres: readonly { readonly name: string; readonly pid: number }[] };
    const pid = (await json<Status>("local", "status")).postgres.find(({ name }) => name === "db-01")?.pid;
    process.kill(pid!, "SIGKILL");
    const runningNames = async () => (await json<Status>("local", "status")).postgres.map(({ name }) => name);
    await expect.poll(runningNames, { timeout: 60_000 }).toEqual(["db-02"]);
    const { code, findings } = await doctor();
    expect(code).toBe(1);
    expect(named(findings, "broken")).toEqual(["PostgreSQL db-01", "platform"]);
    expect(named(findings, "fine")).toEqual(
      expect.arrayContaining(["tenants' vault", "Resource Manager", "DNS"]),
    );
    expect(await runningNames()).toEqual(["db-02"]);
    await workspace.tenantry(["local", "start"]);
    expect((await doctor()).code).toBe(0);
  });

  test("names a vault that is stopped and a zone that is lost, both at once", async () => {
    const env = await json<LocalEnv>("local", "env");
    const vault = `${GROUP}/providers/Microsoft.KeyVault/vaults/tenantry-local-tenants`;
    await callArm(env, "DELETE", `${vault}?api-version=2023-07-01`);
    const zone = `${GROUP}/providers/Microsoft.Network/dnsZones/local.tenantry.test`;
    await callArm(env, "DELETE", `${zone}?api-version=2018-05-01`);
    const { findings } = await doctor();
    const of = (what: string) => findings.find((each) => each.what === what);
    expect(of("tenants' vault")).toMatchObject({
      state: "broken",
      found: `doesn't answer at ${env.keyVault.url}/: connect ECONNREFUSED ${new URL(env.keyVault.url).host}`,
    });
    expect(of("DNS")).toMatchObject({
      state: "broken",
      found: `${env.dns.host}:${env.dns.port} has no zone local.tenantry.test`,
    });
    expect(of("platform's vault")).toMatchObject({ state: "fine" });
  });

  test.skipIf(nobody === undefined)(
    `of another user's home says that it is closed, and looks on${nobody === undefined ? " (skipped: this user isn't root)" : ""}`,
    () => {
      chmodSync(workspace.root, 0o755);
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(workspace.root, "bin/tenantry"), "doctor", "--json"],
        { uid: nobody!.uid, gid: nobody!.gid, env: cleanEnvironment(), encoding: "utf8" },
      );
      expect(stderr).toBe("");
      const findings: readonly Finding[] = JSON.parse(stdout);
      const home = join(workspace.root, ".tenantry/local");
      expect(findings.find(({ what }) => what === "local cloud")).toMatchObject({
        state: "broken",
        found: expect.stringMatching(
          new RegExp(
            `^its home can't be used: '${home}.*' can't be read and written by this user \\(EACCES\\)$`,
          ),
        ),
      });
      expect(named(findings, "fine")).toContain("engine");
      expect(status).toBe(1);
    },
  );

  test("of a stopped local cloud says so, exits 0 and starts nothing", async () => {
    await workspace.tenantry(["local", "stop"]);
    const { code, findings } = await doctor();
    expect(code).toBe(0);
    expect(named(findings, "notice")).toEqual(expect.arrayContaining(["local cloud", "platform"]));
    expect(await json("local", "status")).toMatchObject({ isRunning: false, postgres: [] });
  });
});
