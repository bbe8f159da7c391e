import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { enterCloud, readStacks } from "../support/cloudContents.ts";
import { type Environment, query } from "../support/localClients.ts";
import { isRunning, processesOf } from "../support/processes.ts";
import { createWorkspace, finished, type Workspace } from "../support/workspace.ts";

const POLL_MS = 20;
/** FAULTS F9: CI waits 7.5 s between its first signal and the next; a test machine may be as busy as it likes. */
const STOP_MS = 30_000;
/** Tenants of the same run; a run that is stopped in the first has at least the last of them to leave out. */
const LATER = ["northwind-logistics", "brightsmile-dental", "acme"];
/** Signals that come together count as one to the process. */
const SECOND_SIGNAL_MS = 300;

let workspace: Workspace;
let cloud: Environment;

beforeAll(async () => {
  workspace = createWorkspace();
  const run = await workspace.tenantry(["up", "--platform"]);
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
  cloud = await enterCloud(workspace);
});
afterAll(() => workspace?.dispose());

describe("two runs of one tenant (F5)", () => {
  test("the second says E_LOCKED, ends with 5 and touches nothing; the first works", async () => {
    const first = await startHeld("acme");
    const before = readStack("acme");
    const second = await workspace.tenantry(["up", "acme"]);
    expect(second, second.stdout + second.stderr).toMatchObject({ code: 5 });
    expect(second.stdout).toMatch(
      new RegExp(`E_LOCKED: stack 'local\\.acme' is held by \\S+ \\(pid ${first.child.pid}\\)`),
    );
    expect(readStack("acme")).toBe(before);
    expect(await release(first)).toMatchObject({ code: 0 });
    expect(await databases("tenant_acme")).toBe(1);
  });

  test("with `--wait` it waits, and both end with 0", async () => {
    workspace.write("tenants/acme.yaml", `${workspace.read("tenants/acme.yaml")}  weight: "2"\n`);
    const first = await startHeld("acme");
    const second = workspace.start(["up", "acme", "--wait"]);
    const ended = finished(second);
    await lineOf(second, "waiting for");
    expect(await release(first)).toMatchObject({ code: 0 });
    const { code, stdout } = await ended;
    expect(code, stdout).toBe(0);
    expect(stdout).toContain("active, no changes");
  });

  test("four at once on a new tenant make one of everything", async () => {
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => workspace.tenantry(["up", "brightsmile-dental", "--wait"])),
    );
    const told = runs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(
      runs.map(({ code }) => code),
      told,
    ).toEqual([0, 0, 0, 0]);
    expect(await databases("tenant_brightsmile_dental")).toBe(1);
    const sql = "SELECT status FROM identity.tenant WHERE slug = 'brightsmile-dental'";
    expect(await query(cloud.master.url, sql)).toEqual([{ status: "active" }]);
  });
});

describe("a lock that was left (F4)", () => {
  const lockOf = (pid: number): string => {
    const folder = lockFolder("acme");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, "00000000-0000-4000-8000-000000000000.json");
    const content = { pid, username: "somebody", hostname: hostname(), timestamp: new Date().toISOString() };
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  test("of a process that is dead is taken over, and that is told", async () => {
    const dead = spawn(process.execPath, ["-e", ""]);
    await finished(dead);
    const path = lockOf(dead.pid ?? 0);
    const run = await workspace.tenantry(["up", "acme"]);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stdout).toMatch(
      new RegExp(
        `took over the lock of somebody@\\S+ \\(pid ${dead.pid}\\) since \\S+, which no longer runs`,
      ),
    );
    expect(existsSync(path)).toBe(false);
  });

  test("of a process that lives is not", async () => {
    const path = lockOf(process.pid);
    try {
      const run = await workspace.tenantry(["up", "acme"]);
      expect(run, run.stdout).toMatchObject({ code: 5 });
      expect(run.stdout).toContain(`held by somebody@${hostname()} (pid ${process.pid})`);
      expect(existsSync(path)).toBe(true);
    } finally {
      rmSync(path);
    }
  });
});

describe("Ctrl-C in the middle of a run (F9)", () => {
  const moments = ["provider:Placement:placed", "provider:Database:role", "provider:Registration:registered"];

  test.each(moments)(
    "at %s: no tenant is begun any more, the stack is free, and the next run finishes",
    async (moment) => {
      const slug = `a-stopped-${moments.indexOf(moment)}`;
      writeTenant(slug);
      const points = join(workspace.root, `${slug}.points`);
      const child = workspace.start(["up", slug, ...LATER], { TENANTRY_POINTS_FILE: points });
      const ended = finished(child);
      await until(() => existsSync(points) && readFileSync(points, "utf8").includes(moment));
      const signalledAt = Date.now();
      child.kill("SIGINT");
      const run = await ended;
      expect(Date.now() - signalledAt).toBeLessThan(STOP_MS);
      expect(run, run.stdout + run.stderr).toMatchObject({ code: 1, signal: null });
      expect(run.stdout).toContain("interrupted before it began; run the same command again");
      expect(locks(slug)).toEqual([]);
      const next = await workspace.tenantry(["up", slug]);
      expect(next, next.stdout + next.stderr).toMatchObject({ code: 0 });
      const preview = await workspace.tenantry(["preview", slug, "--exit-code"]);
      expect(preview, preview.stdout).toMatchObject({ code: 0 });
      expect(stackOf(slug)).toMatchObject({ pending: 0, doubled: [] });
    },
  );
});

describe("Ctrl-C while a provider's call hangs (F9)", () => {
  let session: pg.Client;
  beforeEach(async () => {
    session = new pg.Client({ connectionString: cloud.master.url });
    await session.connect();
    await session.query("BEGIN; LOCK TABLE identity.tenant_audit IN ACCESS EXCLUSIVE MODE");
  });
  afterEach(() => session.end());

  /** A run of a new tenant whose reservation waits for the session. */
  async function startStuck(slug: string): Promise<HeldRun> {
    writeTenant(slug);
    const child = workspace.start(["up", slug]);
    const run = { child, ended: finished(child) };
    const waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'identity.tenant_audit'::regclass";
    while ((await session.query(waiting)).rowCount === 0) await delay(POLL_MS);
    return run;
  }

  test("once: the run ends all the same, the stack is free, what hung is listed, and the next run finishes", async () => {
    const run = await startStuck("a-stuck");
    run.child.kill("SIGINT");
    const ended = await run.ended;
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(ended.stdout).toMatch(/tenantry:index:TenantRecord::a-stuck-record, interrupted while creating/);
    expect(locks("a-stuck")).toEqual([]);
    expect(stackOf("a-stuck")).toMatchObject({ pending: 1 });
    await session.query("ROLLBACK");
    const next = await workspace.tenantry(["up", "a-stuck"]);
    expect(next, next.stdout + next.stderr).toMatchObject({ code: 0 });
    expect(stackOf("a-stuck")).toMatchObject({ pending: 0, doubled: [] });
  });

  test("twice: it ends at once with the last state, and the next run takes over and finishes", async () => {
    const run = await startStuck("a-stuck-twice");
    run.child.kill("SIGTERM");
    await delay(SECOND_SIGNAL_MS);
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ code: 130, signal: null });
    expect(stackOf("a-stuck-twice")).toMatchObject({ pending: 1 });
    await session.query("ROLLBACK");
    const next = await workspace.tenantry(["up", "a-stuck-twice"]);
    expect(next, next.stdout + next.stderr).toMatchObject({ code: 0 });
    expect(next.stdout).toContain("took over the lock of");
    expect(stackOf("a-stuck-twice")).toMatchObject({ pending: 0, doubled: [] });
  });
});

describe("a killed engine (F3)", () => {
  test("leaves no process of its own behind", async () => {
    const lasting = lastingProcesses();
    workspace.write(
      "tenants/acme.yaml",
      workspace.read("tenants/acme.yaml").replace('weight: "2"', 'weight: "3"'),
    );
    const run = await workspace.tenantry(["up", "acme"], {
      TENANTRY_KILL_AT: "provider:Registration:registered",
    });
    expect(run, run.stdout + run.stderr).toMatchObject({ signal: "SIGKILL" });
    await until(() => processesOf(workspace.root).every((pid) => lasting.includes(pid)));
    expect(lasting.filter(isRunning)).toEqual(lasting);
    expect(await workspace.tenantry(["up", "acme"])).toMatchObject({ code: 0 });
  });

  test.each(["pipe", "ignore"])(
    "takes its plugin with it (the plugin's standard input: %s)",
    async (stdin) => {
      const plugin = join(workspace.root, "bin/pulumi-resource-tenantry");
      const source = `const child = require("node:child_process").spawn(process.execPath, [${JSON.stringify(plugin)}],
      { stdio: [${JSON.stringify(stdin)}, "pipe", "inherit"] });
      child.stdout.once("data", () => console.log(child.pid)); setInterval(() => {}, 1000);`;
      const engine = spawn(process.execPath, ["-e", source], {
        cwd: workspace.root,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const pid = Number(await lineOf(engine, ""));
      expect(isRunning(pid)).toBe(true);
      engine.kill("SIGKILL");
      await until(() => !isRunning(pid));
    },
  );
});

function writeTenant(slug: string): void {
  const entry = `displayName: ${slug}\nadminEmail: a@${slug}.example\nenvironments: [local]\nplan: trial\n`;
  workspace.write(`tenants/${slug}.yaml`, entry);
}

const stackOf = (slug: string) => readStacks(cloud).find(({ stack }) => stack === `local.${slug}`);

/** A run that has its stack's lock and stands still. */
interface HeldRun {
  readonly child: ChildProcess;
  readonly ended: ReturnType<typeof finished>;
}

async function startHeld(slug: string): Promise<HeldRun> {
  const child = workspace.start(["up", slug]);
  const ended = finished(child);
  await until(() => locks(slug).length > 0);
  child.kill("SIGSTOP");
  return { child, ended };
}

function release({ child, ended }: HeldRun): HeldRun["ended"] {
  child.kill("SIGCONT");
  return ended;
}

function lockFolder(slug: string): string {
  return join(fileURLToPath(cloud.backend.url), ".pulumi/locks/organization/tenantry", `local.${slug}`);
}

/** Whole lock files: one that is being written has no content yet. */
function locks(slug: string): string[] {
  const folder = lockFolder(slug);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(".json"));
}

function readStack(slug: string): string {
  const path = join(fileURLToPath(cloud.backend.url), `.pulumi/stacks/tenantry/local.${slug}.json`);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function databases(name: string): Promise<number> {
  const rows = await query(cloud.master.url, "SELECT FROM pg_database WHERE datname = $1", [name]);
  return rows.length;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(POLL_MS);
}

/** The first line of standard output with a text in it. */
function lineOf(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error("no standard output");
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      if (line.includes(text)) resolve(line);
    });
    child.once("close", (code) => reject(new Error(`ended with ${code} before it said '${text}'`)));
  });
}

/** Pids of this workspace's local cloud, which outlives every run. */
function lastingProcesses(): number[] {
  return processesOf(workspace.root, /local-cloud|postgres/);
}
