import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestEngine } from "./engine.ts";
import { deleteTenant, destroy, provision, tenantInputs } from "./tenant.ts";
import { expectWhole, FILES, FIRST } from "./whole.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
});
afterAll(() => world?.stop());

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
      await expectWhole(world, slug);
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
