import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readById } from "../../src/provider/index.ts";
import { connectEngine } from "./engine.ts";
import { provision, tenantInputs } from "./tenant.ts";
import { expectWhole, FILES, FIRST } from "./whole.ts";
import { startWorld, type World } from "./world.ts";

const ROOT = resolve(import.meta.dirname, "../..");

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

  async function untilGone(port: number): Promise<void> {
    for (;;) {
      const engine = connectEngine(port);
      const failure = await engine.configure(world.config).catch((error: Error) => error);
      engine.close();
      if (failure !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test("serves from any folder, and dies with the engine that started it", async () => {
    const { shell, port } = await startPlugin({});
    const engine = connectEngine(port);
    await engine.configure(world.config);
    await provision(world, "plugin", { files: FILES }, engine);
    await expectWhole(world, "plugin");
    engine.close();
    shell.kill("SIGKILL");
    await untilGone(port);
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
    await expectWhole(world, "power");
  });

  test.each(["provider:Database:cloned", "provider:Admin:applied", "provider:Identity:put"])(
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
      await expectWhole(world, slug);
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
      "Identity",
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
