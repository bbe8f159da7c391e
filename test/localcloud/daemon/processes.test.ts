import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { LocalEnv } from "../../../src/localcloud/index.ts";
import { findServerUser, type ServerUser } from "../../../src/localcloud/postgres/serverUser.ts";
import { createWorkspace, openWorkspace, type Workspace } from "../../support/workspace.ts";
import { ROOT } from "../temporaryHome.ts";
import { makePlatform } from "./localCloudProcess.ts";
import { processesOf } from "./processesOf.ts";

const isRoot = process.getuid?.() === 0;
const nobody = isRoot ? findServerUser() : undefined;
const canRead =
  nobody !== undefined &&
  spawnSync("test", ["-r", path.join(ROOT, "node_modules/pg/package.json")], idsOf(nobody)).status === 0;

function idsOf({ uid, gid }: ServerUser): { uid: number; gid: number } {
  return { uid, gid };
}

/** `bin/tenantry` of a checkout as some user; its output. */
function tenantry({ root }: Workspace, args: readonly string[], user?: ServerUser): string {
  const ids = user === undefined ? {} : idsOf(user);
  return execFileSync(process.execPath, [path.join(root, "bin/tenantry"), ...args], {
    cwd: root,
    encoding: "utf8",
    env: { PATH: process.env.PATH, TENANTRY_LOCAL_FAST: "1" },
    ...ids,
  });
}

/** A checkout that belongs to the user. */
function checkoutOf(user?: ServerUser): Workspace {
  const workspace = createWorkspace();
  if (user !== undefined) execFileSync("chown", ["-hR", `${user.uid}:${user.gid}`, workspace.root]);
  return workspace;
}

/** Starts a local cloud with one PostgreSQL server, and ends it when the test does. */
async function startWithServer(workspace: Workspace, user?: ServerUser): Promise<LocalEnv> {
  onTestFinished(async () => {
    tenantry(workspace, ["local", "reset"], user);
    await fs.rm(workspace.root, { recursive: true, force: true });
  });
  const env = JSON.parse(tenantry(workspace, ["local", "start", "--json"], user)) as LocalEnv;
  await makePlatform(env, { vault: "tenantry-local-tenants", server: "db-01" });
  return env;
}

async function expectNoneLeft(user: ServerUser | undefined): Promise<void> {
  const workspace = checkoutOf(user);
  const { home } = await startWithServer(workspace, user);
  const owners = (await processesOf(home)).map(({ uid }) => uid);
  expect(owners.length).toBeGreaterThan(5);
  expect(owners).not.toContain(user === undefined ? -1 : 0);
  tenantry(workspace, ["local", "stop"], user);
  expect(await processesOf(home)).toEqual([]);
  tenantry(workspace, ["local", "start"], user);
  const { pid } = JSON.parse(tenantry(workspace, ["local", "status", "--json"], user));
  process.kill(pid, "SIGKILL");
  tenantry(workspace, ["local", "stop"], user);
  expect(await processesOf(home)).toEqual([]);
  tenantry(workspace, ["local", "start"], user);
  tenantry(workspace, ["local", "reset"], user);
  expect(await processesOf(home)).toEqual([]);
  expect(await fs.readdir(home)).toEqual(["run"]);
}

describe("`local stop` and `local reset` leave no process", () => {
  test.skipIf(!isRoot)(`as root${isRoot ? "" : " (skipped: this user isn't root)"}`, () =>
    expectNoneLeft(undefined),
  );

  test.skipIf(isRoot && !canRead)(
    `as an ordinary user${isRoot && !canRead ? " (skipped: one can't read this checkout's packages)" : ""}`,
    () => expectNoneLeft(nobody),
  );
});

test("two checkouts side by side: each its own ports and processes, and the end of one is none of the other", async () => {
  const [first, second] = [createWorkspace(), createWorkspace()];
  const [one, two] = [await startWithServer(first), await startWithServer(second)];
  const ports = (env: LocalEnv): readonly string[] => JSON.stringify(env).match(/:(\d{5})\b/g) ?? [];
  expect(ports(two).filter((port) => ports(one).includes(port))).toEqual([]);
  const left = await processesOf(two.home);
  tenantry(first, ["local", "reset"]);
  expect(await processesOf(one.home)).toEqual([]);
  expect((await processesOf(two.home)).map(({ pid }) => pid)).toEqual(
    expect.arrayContaining(left.filter(({ isServer }) => isServer).map(({ pid }) => pid)),
  );
  expect(JSON.parse(tenantry(second, ["local", "start", "--json"])).arm).toEqual(two.arm);
});

test.skipIf(nobody === undefined)(
  `from a checkout that the server's own user can't read${nobody === undefined ? " (skipped: this user isn't root)" : ""}`,
  async () => {
    const parent = await fs.mkdtemp(path.join(tmpdir(), "tenantry-closed-"));
    await fs.chmod(parent, 0o700);
    onTestFinished(() => fs.rm(parent, { recursive: true, force: true }));
    const root = path.join(parent, "checkout");
    await fs.rename(createWorkspace().root, root);
    const workspace = openWorkspace(root);
    const { home } = await startWithServer(workspace);
    expect(spawnSync("ls", [root], idsOf(nobody!)).status).not.toBe(0);
    const servers = (await processesOf(home)).filter(({ uid }) => uid === nobody!.uid);
    expect(servers.length).toBeGreaterThan(4);
    tenantry(workspace, ["local", "stop"]);
    tenantry(workspace, ["local", "start"]);
    expect(JSON.parse(tenantry(workspace, ["local", "status", "--json"])).postgres).toMatchObject([
      { name: "db-01" },
    ]);
  },
);
