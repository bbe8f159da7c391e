import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readById } from "../../src/provider/index.ts";
import { connectEngine, type TestEngine } from "./engine.ts";
import { deleteTenant, destroy, provision, tenantInputs } from "./tenant.ts";
import { checksum, startWorld, type World } from "./world.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };

let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
  folder = mkdtempSync(join(tmpdir(), "tenantry-points-"));
});
afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One of everything, whatever was killed before. */
async function expectWhole(slug: string): Promise<void> {
  const database = `tenant_${slug.replaceAll("-", "_")}`;
  expect(await world.master("SELECT status FROM identity.tenant WHERE slug = $1", [slug])).toEqual([
    { status: "active" },
  ]);
  expect(
    await world.master(
      "SELECT count(*)::int AS n FROM identity.outbox o JOIN identity.tenant t ON t.id = tenant_id WHERE slug = $1 AND revoked_at IS NULL AND released_at IS NOT NULL",
      [slug],
    ),
  ).toEqual([{ n: 1 }]);
  const phases = await world.master(
    "SELECT DISTINCT phase FROM identity.tenant_phase p JOIN identity.tenant t ON t.id = tenant_id WHERE slug = $1",
    [slug],
  );
  expect(phases).toHaveLength(8);
  expect(await world.query(database, "SELECT count(*)::int AS n FROM tenantry.admin")).toEqual([{ n: 1 }]);
  expect(await world.query(database, "SELECT version FROM tenantry.migration")).toEqual([
    { version: "0001" },
  ]);
  expect(world.vault.secrets.get(`tenant-db-${slug}`)?.versions).toHaveLength(1);
}

/** A few at a time: the points are independent, and each run mostly waits. */
async function inBatches(items: readonly number[], body: (item: number) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await body(item);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

async function leftovers() {
  const rows = await world.query(
    "postgres",
    "SELECT datname FROM pg_database WHERE datname LIKE 'tenantry\\_new%' OR datname LIKE 'tmpl%\\_new'",
  );
  return rows.map(({ datname }) => datname);
}

async function expectGone(slug: string): Promise<void> {
  const database = `tenant_${slug.replaceAll("-", "_")}`;
  expect(await world.master("SELECT status FROM identity.tenant WHERE slug = $1", [slug])).toEqual([
    { status: "purged" },
  ]);
  expect(await world.query("postgres", "SELECT FROM pg_database WHERE datname = $1", [database])).toEqual([]);
  expect(
    await world.query("postgres", "SELECT FROM pg_roles WHERE rolname = $1", [`${database}_owner`]),
  ).toEqual([]);
  expect(world.vault.secrets.get(`tenant-db-${slug}`)?.isDeleted).toBe(true);
  expect([...world.azure.resources.keys()].filter((key) => key.endsWith(`/${slug}`))).toEqual([]);
}

/** Runs with a provider that dies at the `at`-th point it comes by; answers the points it came by. */
async function stopAt(at: number, body: (engine: TestEngine) => Promise<unknown>): Promise<string[]> {
  const points: string[] = [];
  const { engine, close } = await world.another({
    onPoint: (point) => {
      points.push(point);
      if (points.length === at) throw new Error(`stopped at ${point}`);
    },
  });
  const failure = await body(engine).catch((error: Error) => error.message);
  await close();
  if (points.length >= at) expect(failure).toContain(`stopped at ${points[at - 1]}`);
  return points;
}

describe("a run that stops anywhere", () => {
  test("while it provisions is finished by the next one", async () => {
    const all = await stopAt(Number.MAX_SAFE_INTEGER, (engine) =>
      provision(world, "enumerate", { files: FILES }, engine),
    );
    expect(all.length).toBeGreaterThanOrEqual(20);
    await inBatches([...all.keys()], async (at) => {
      const slug = `stop-${at}`;
      const seen = await stopAt(at + 1, (engine) => provision(world, slug, { files: FILES }, engine));
      expect(seen.at(-1)).toBe(all[at]);
      await provision(world, slug, { files: FILES });
      await expectWhole(slug);
    });
    expect(await leftovers()).toEqual([]);
  }, 240_000);

  test("while it destroys is finished by the next one", async () => {
    const make = async (slug: string) => {
      const { states, tenantId } = await provision(world, slug, { files: FILES });
      return deleteTenant(world, slug, tenantId, states, FILES);
    };
    const first = await make("end");
    const all = await stopAt(Number.MAX_SAFE_INTEGER, (engine) => destroy(world, "end", first, engine));
    expect(all.length).toBeGreaterThanOrEqual(9);
    await inBatches([...all.keys()], async (at) => {
      const slug = `end-${at}`;
      const states = await make(slug);
      await stopAt(at + 1, (engine) => destroy(world, slug, states, engine));
      await destroy(world, slug, states);
      await expectGone(slug);
    });
    expect(await leftovers()).toEqual([]);
  }, 240_000);

  test("while it deletes has its backup once and is finished by the next one", async () => {
    const { states, tenantId } = await provision(world, "final", { files: FILES });
    const inputs = tenantInputs(world, "final", { status: "deleted", files: FILES });
    await world.engine.update("TenantRecord", states.TenantRecord!, inputs.record);
    for (const at of [1, 2, 3]) {
      await stopAt(at, (engine) =>
        engine.update("FinalBackup", states.FinalBackup!, inputs.backup(tenantId)),
      );
    }
    const first = await world.engine.update("FinalBackup", states.FinalBackup!, inputs.backup(tenantId));
    const second = await world.engine.update("FinalBackup", states.FinalBackup!, inputs.backup(tenantId));
    expect(second.outputs.backupId).toBe(first.outputs.backupId);
    expect(await world.master("SELECT id FROM identity.backup WHERE tenant_id = $1", [tenantId])).toEqual([
      { id: first.outputs.backupId },
    ]);
  });
});

describe("the plugin's process", () => {
  /** Starts it under a shell that stands for the engine. */
  async function startPlugin(
    environment: Record<string, string>,
  ): Promise<{ shell: ChildProcess; port: number }> {
    const shell = spawn("sh", ["-c", `"${join(ROOT, "bin/pulumi-resource-tenantry")}" ; :`], {
      cwd: "/",
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: shell.stdout! });
    const [line] = (await once(lines, "line")) as [string];
    return { shell, port: Number(line) };
  }

  async function isGone(port: number): Promise<boolean> {
    for (let left = 40; left > 0; left -= 1) {
      const engine = connectEngine(port);
      const failure = await engine.configure(world.config).catch((error: Error) => error);
      engine.close();
      if (failure !== undefined) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  test("serves from any folder, and dies with the engine that started it", async () => {
    const { shell, port } = await startPlugin({});
    const engine = connectEngine(port);
    await engine.configure(world.config);
    await provision(world, "plugin", { files: FILES }, engine);
    await expectWhole("plugin");
    engine.close();
    shell.kill("SIGKILL");
    expect(await isGone(port)).toBe(true);
  });

  test("F40: killed between secret and database, the next run's secret logs in", async () => {
    const killed = "provider:VaultSecret:put";
    const file = join(folder, "killed.txt");
    appendFileSync(file, "");
    const { shell, port } = await startPlugin({ TENANTRY_KILL_AT: killed, TENANTRY_POINTS_FILE: file });
    const engine = connectEngine(port);
    await engine.configure(world.config);
    await expect(provision(world, "power", { files: FILES }, engine)).rejects.toThrow();
    engine.close();
    expect(readFileSync(file, "utf8").trim().split("\n").at(-1)).toBe(killed);
    if (shell.exitCode === null && shell.signalCode === null) await once(shell, "exit");
    expect(shell.signalCode).toBe("SIGKILL");
    await provision(world, "power", { files: FILES });
    await expectWhole("power");
  });

  test.each(["provider:Database:cloned", "provider:Admin:applied"])(
    "killed at %s, the next run finds one of everything",
    async (point) => {
      const slug = point
        .replace(/^provider:/, "at-")
        .replace(":", "-")
        .toLowerCase();
      const { port } = await startPlugin({ TENANTRY_KILL_AT: point });
      const engine = connectEngine(port);
      await engine.configure(world.config);
      await expect(provision(world, slug, { files: FILES }, engine)).rejects.toThrow();
      engine.close();
      await provision(world, slug, { files: FILES });
      await expectWhole(slug);
    },
  );
});

describe("an interrupted create", () => {
  test("that was done is told with its id; one that wasn't, or only half, isn't", async () => {
    const { states, tenantId } = await provision(world, "pending", { files: FILES });
    for (const type of [
      "TenantRecord",
      "Placement",
      "VaultSecret",
      "Database",
      "Migrations",
      "Settings",
      "Registration",
    ]) {
      const state = states[type]!;
      const found = await readById(`tenantry:index:${type}`, "", state.inputs, world.config);
      expect(found?.id, type).toBe(state.id);
    }
    const nobody = tenantInputs(world, "nobody", { files: FILES });
    expect(await readById("tenantry:index:TenantRecord", "", nobody.record, world.config)).toBeUndefined();
    expect(
      await readById("tenantry:index:Database", "", { ...nobody.databaseOf(tenantId) }, world.config),
    ).toBeUndefined();
    await world.master(
      "DELETE FROM identity.tenant_phase WHERE tenant_id = $1 AND phase = 'database_created'",
      [tenantId],
    );
    expect(
      await readById("tenantry:index:Database", "", states.Database!.inputs, world.config),
    ).toBeUndefined();
    const migrations = { ...states.Migrations!.inputs, files: { ...FILES, "0002_more.sql": "f00" } };
    expect(await readById("tenantry:index:Migrations", "", migrations, world.config)).toBeUndefined();
  });
});
