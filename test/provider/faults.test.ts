import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConnectionPool, type Lease } from "../../src/access/index.ts";
import { type FaultEffect, Faults } from "../../src/localcloud/faults/index.ts";
import { type FaultProxy, openFaultProxy } from "../../src/localcloud/postgres/faultProxy.ts";
import { USAGES } from "../edge/azure.ts";
import { findTestPort } from "../support/ports.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import type { State } from "./engine.ts";
import { deleteTenant, destroy, provision } from "./tenant.ts";
import { checksum, startWorld, type World } from "./world.ts";

const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
const FILES = { "0001_patients.sql": checksum(FIRST) };
/** More statements of each kind than one tenant's life has. */
const MANY = 40;

let world: World;
let closeProvider: () => Promise<void>;
let proxy: FaultProxy;
const faults = new Faults();
/** Statements whose COMMIT is to be cut, each once. */
const unheard = new Set<string>();
let isUnheard = false;

/** The next COMMIT after a statement of `unheard` is carried out and then cut. */
function cutCommit(statement: string): FaultEffect | undefined {
  for (const text of unheard) if (statement.includes(text)) isUnheard = unheard.delete(text);
  if (!isUnheard || statement !== "COMMIT") return undefined;
  isUnheard = false;
  return { kind: "cut", moment: "after" };
}

/** Everybody reaches the server through a proxy from here on: the vault says so. */
beforeAll(async () => {
  world = await startWorld();
  world.writeMigration("0001_patients.sql", FIRST);
  const port = await findTestPort();
  const behind = world.postgres.port;
  const strike = (path: string) =>
    cutCommit(path) ?? faults.take({ service: "postgres", name: "db-01", path });
  proxy = await openFaultProxy({ name: "db-01", port, behind, strike, crash: () => undefined });
  for (const name of ["master-admin", "master-read", "server-db-01-admin"]) {
    const [version] = world.vault.secrets.get(name)?.versions ?? [];
    const value = version?.value.replace(`:${behind}/`, `:${port}/`) ?? "";
    world.vault.secrets.set(name, { versions: [{ id: "2", value }], tags: {}, isDeleted: false });
  }
  // The first provider has the old addresses in mind.
  const { engine, close } = await world.another();
  closeProvider = close;
  world = { ...world, engine };
  await provision(world, "uncut", { files: FILES });
});
afterAll(async () => {
  await closeProvider?.();
  await proxy?.close();
  await world?.stop();
});

/** Cuts one of so many statements with this text, from that one on: work with several of them gets on in between. */
function cutOneOf(step: number, moment: "before" | "after", path: string, from: number): () => number {
  faults.clear();
  const effect = { kind: "cut", moment } as const;
  for (let after = from; after < MANY; after += step)
    faults.add({ service: "postgres", name: "db-01", effect, path, after, times: 1 });
  return () => faults.clear().reduce((sum, { struck }) => sum + struck, 0);
}

/** What master and the server have of a tenant, without ids and times. */
async function traceOf(slug: string) {
  const [row] = await world.master("SELECT id, status, server FROM identity.tenant WHERE slug = $1", [slug]);
  const { id, ...record } = row ?? {};
  const counted = (sql: string) => world.master(sql, [id]);
  return {
    record,
    audit: await counted(
      "SELECT event_type, count(*)::int FROM identity.tenant_audit WHERE tenant_id = $1 GROUP BY 1 ORDER BY 1",
    ),
    invitations: await counted(
      "SELECT released_at IS NOT NULL AS is_released FROM identity.outbox WHERE tenant_id = $1",
    ),
    // Its own, and what is built under names that hold its id.
    databases: await world.query(
      "postgres",
      "SELECT count(*)::int FROM pg_database WHERE datname = $1 OR datname LIKE '%' || $2 || '%'",
      [`tenant_${slug}`, String(id).replaceAll("-", "")],
    ),
    admins: await world.query(`tenant_${slug}`, "SELECT count(*)::int FROM tenantry.admin"),
  };
}

describe("a tenant whose server cuts connections", () => {
  test.each([
    ["after", "COMMIT", 0, 2],
    ["after", "COMMIT", 2, 2],
    ["before", "COMMIT", 0, 2],
    ["after", "CREATE DATABASE", 0, 1],
    ["before", "CREATE DATABASE", 0, 1],
    ["after", "RENAME TO", 0, 1],
    ["after", "CREATE ROLE", 0, 1],
    ["after", "CONNECT ", 0, 1],
  ] as const)("%s %s (%i) is provisioned in one go and has everything once (F12)", async (...row) => {
    const [moment, text, from, least] = row;
    const slug = `cut${from}${moment}${text.replaceAll(/[^A-Z]/g, "").toLowerCase()}`;
    const struck = cutOneOf(5, moment, text, from);
    await provision(world, slug, { files: FILES });
    expect(struck()).toBeGreaterThanOrEqual(least);
    expect(await traceOf(slug)).toEqual(await traceOf("uncut"));
  });

  test("lives from its reservation to its tombstone though nobody hears of its COMMITs (F12)", async () => {
    const texts = [
      "INSERT INTO identity.tenant ",
      "UPDATE identity.tenant SET server",
      "INSERT INTO identity.outbox",
      "INSERT INTO tenantry.admin",
      "INSERT INTO identity.organization",
      "INSERT INTO identity.backup",
      "UPDATE identity.outbox SET revoked_at = now() WHERE tenant_id = $1 AND sent_at IS NULL",
    ];
    for (const text of texts) unheard.add(text);
    const { states, tenantId } = await provision(world, "unheard", { files: FILES });
    expect(await traceOf("unheard")).toEqual(await traceOf("uncut"));
    const deleted = await deleteTenant(world, "unheard", tenantId, states, FILES);
    await destroy(world, "unheard", deleted);
    expect([unheard.size, isUnheard]).toEqual([0, false]);
    const of = (sql: string) => world.master(sql, [tenantId]);
    expect(await of("SELECT status FROM identity.tenant WHERE id = $1")).toEqual([{ status: "purged" }]);
    expect(await of("SELECT count(*)::int FROM identity.backup WHERE tenant_id = $1")).toEqual([
      { count: 1 },
    ]);
  });

  test("of a server that cuts for ever fails, and says that the server is away", async () => {
    faults.clear();
    faults.add({
      service: "postgres",
      name: "db-01",
      effect: { kind: "cut", moment: "before" },
      path: "CREATE ROLE",
    });
    await expect(provision(world, "hopeless", { files: FILES })).rejects.toThrow(/^E_UNREACHABLE: /);
    expect(faults.list()).toMatchObject([{ struck: 4 }]);
    faults.clear();
    await provision(world, "hopeless", { files: FILES });
  });
});

describe("a full disk", () => {
  test.each(["CREATE DATABASE", "INSERT INTO tenantry.admin", "COMMIT"])(
    "at %s fails the tenant with the server's words, and the next run converges (F22)",
    async (text) => {
      const slug = `full${text.replaceAll(/[^A-Za-z]/g, "").toLowerCase()}`;
      faults.clear();
      const effect = { kind: "sqlState", sqlState: "53100" } as const;
      faults.add({ service: "postgres", name: "db-01", effect, path: text, times: 1 });
      await expect(provision(world, slug, { files: FILES })).rejects.toThrow(
        /^E_UNREACHABLE: .*\n {2}A server's disk is full\. Give it room/,
      );
      expect(faults.clear()).toMatchObject([{ struck: 1 }]);
      await provision(world, slug, { files: FILES });
      expect(await traceOf(slug)).toEqual(await traceOf("uncut"));
    },
  );
});

describe("a Front Door profile", () => {
  afterAll(() => {
    world.azure.resources.delete(USAGES);
  });

  test("without room refuses a tenant before anything but its reservation, and nobody who is in it (F43)", async () => {
    faults.clear();
    const usage = { name: { value: "customdomain" }, unit: "Count", limit: 3 };
    world.azure.resources.set(USAGES, { value: [{ ...usage, currentValue: 2 }] });
    const { states } = await provision(world, "third", { files: FILES });
    world.azure.resources.set(USAGES, { value: [{ ...usage, currentValue: 3 }] });
    await expect(provision(world, "fourth", { files: FILES })).rejects.toThrow(
      /^E_NO_CAPACITY: Tenant 'fourth': Front Door profile 'profile' holds 3 of 3 custom domains; expected room for one more\./,
    );
    expect(world.vault.secrets.has("tenant-db-fourth")).toBe(false);
    expect(await world.query("postgres", "SELECT FROM pg_roles WHERE rolname ~ 'fourth'")).toEqual([]);
    const check = states.StateCheck as State;
    await expect(world.engine.update("StateCheck", check, check.inputs)).resolves.toBeDefined();
  });
});

describe("a server with few connections", () => {
  let small: TestPostgres;
  beforeAll(async () => {
    small = await startTestPostgres({ maxConnections: 16 });
  });
  afterAll(() => small?.stop());

  test("is never taken whole by one process, however much it does at once (F24)", async () => {
    const pool = new ConnectionPool();
    const options = { applicationName: "fleet", retryBudgetMs: 0 };
    let most = 0;
    const use = async () => {
      const lease = await pool.lease(small.adminUrl, options, "shared");
      const { rows } = await lease.client.query(
        "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = 'fleet'",
      );
      most = Math.max(most, rows[0].open);
      await lease.giveBack();
    };
    await Promise.all(Array.from({ length: 200 }, use));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    await pool.release();
  });

  test("that others fill is knocked at until there is room (F24)", async () => {
    const pools: ConnectionPool[] = [];
    const held: Lease[] = [];
    const take = async (name: string, retryBudgetMs: number) => {
      const pool = new ConnectionPool();
      pools.push(pool);
      return pool.lease(small.adminUrl, { applicationName: name, retryBudgetMs }, "shared");
    };
    let full: { problem?: string; code?: string } = {};
    while (full.code === undefined && held.length < 20)
      await take(`app ${held.length}`, 0).then(
        (lease) => held.push(lease),
        (error) => {
          full = error;
        },
      );
    expect([full.problem, full.code]).toEqual(["no-connection-free", "53300"]);
    const waiting = take("fleet", 20_000);
    await held.pop()?.discard();
    await (await waiting).discard();
    await Promise.all(held.map((lease) => lease.discard()));
    await Promise.all(pools.map((pool) => pool.release()));
  });
});
