import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Core, openCore } from "../../../src/localcloud/daemon/core.ts";
import { type FaultControl, openFaultControl } from "../../../src/localcloud/daemon/faultControl.ts";
import type { FaultOrder } from "../../../src/localcloud/faults/index.ts";
import { scramVerifier } from "../../../src/postgres/index.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";

const PASSWORD = `canary-${randomBytes(9).toString("hex")}`;
const SOON = { timeout: 20_000, interval: 50 };

let home: Awaited<ReturnType<typeof temporaryHome>>;
let core: Core;
let control: FaultControl;
let port: number;

beforeAll(async () => {
  process.env.TENANTRY_LOCAL_FAST = "1";
  home = await temporaryHome();
  core = await openCore(home, ROOT);
  control = openFaultControl(core);
  const order = { adminLogin: "admin", adminVerifier: await scramVerifier(PASSWORD) };
  ({ port } = await core.context.postgres.ensure("db-01", order));
  const client = await open();
  await client.query("CREATE TABLE made (name text)");
  await client.end();
});
afterAll(async () => {
  await core.clusters.close();
  await core.store.close();
  await home.remove();
});
afterEach(async () => {
  await control.clear(undefined);
});

async function open(): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "admin",
    password: PASSWORD,
    database: "postgres",
  });
  // Its query tells it.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** On a connection of its own: with values PostgreSQL's extended protocol is spoken, else the simple one. */
async function query(sql: string, values?: unknown[]): Promise<unknown[]> {
  const client = await open();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
const set = (order: Partial<FaultOrder> & Pick<FaultOrder, "effect">) =>
  control.add({ service: "postgres", name: "db-01", ...order });
const CUT = "Connection terminated unexpectedly";
const isMade = async (name: string) => (await query("SELECT FROM made WHERE name = $1", [name])).length === 1;

describe("a PostgreSQL server", () => {
  test("cut before a statement, it did nothing; cut after, it did all and nobody hears (F12)", async () => {
    await set({ effect: { kind: "cut", moment: "before" }, path: "'early'", times: 1 });
    await set({ effect: { kind: "cut", moment: "after" }, path: "'late'", times: 1 });
    await set({ effect: { kind: "cut", moment: "after" }, path: "INTO made VALUES ($1)", times: 1 });
    expect(await codeOf(query("INSERT INTO made VALUES ('early')"))).toBe(CUT);
    expect(await codeOf(query("INSERT INTO made VALUES ('late')"))).toBe(CUT);
    expect(await codeOf(query("INSERT INTO made VALUES ($1)", ["extended"]))).toBe(CUT);
    expect([await isMade("early"), await isMade("late"), await isMade("extended")]).toEqual([
      false,
      true,
      true,
    ]);
    expect(control.list().map(({ struck }) => struck)).toEqual([1, 1, 1]);
  });

  test("cut after COMMIT, the transaction is there (F12)", async () => {
    await set({ effect: { kind: "cut", moment: "after" }, path: "COMMIT" });
    const client = await open();
    await client.query("BEGIN");
    await client.query("INSERT INTO made VALUES ('committed')");
    expect(await codeOf(client.query("COMMIT"))).toBe(CUT);
    expect(await isMade("committed")).toBe(true);
  });

  test("fails a statement with a SQLSTATE, and its transaction with it", async () => {
    await set({ effect: { kind: "sqlState", sqlState: "53100" }, path: "'full'" });
    await set({ effect: { kind: "sqlState", sqlState: "53100" }, path: "made VALUES ($1)" });
    const client = await open();
    await client.query("BEGIN");
    expect(await codeOf(client.query("INSERT INTO made VALUES ('full')"))).toBe("53100");
    expect(await codeOf(client.query("SELECT 1"))).toBe("25P02");
    await client.query("ROLLBACK");
    expect(await codeOf(client.query("INSERT INTO made VALUES ($1)", ["full"]))).toBe("53100");
    expect((await client.query("SELECT $1::int AS one", [1])).rows).toEqual([{ one: 1 }]);
    await client.end();
    expect(await isMade("full")).toBe(false);
  });

  test("refuses a login", async () => {
    await set({ effect: { kind: "sqlState", sqlState: "53300" }, path: "CONNECT postgres", times: 1 });
    expect(await codeOf(open())).toBe("53300");
    expect(await query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("accepts a statement and never answers, and others are not held up (F37)", async () => {
    await set({ effect: { kind: "silence" }, path: "'hole'" });
    await set({ effect: { kind: "latency", latencyMs: 1_500 }, path: "'slow'" });
    const order: string[] = [];
    const hanging = await open();
    void codeOf(hanging.query("SELECT 'hole'")).then(() => order.push("hole"));
    await Promise.all([
      query("SELECT 'slow'").then(() => order.push("slow")),
      query("SELECT 'quick'").then(() => order.push("quick")),
    ]);
    expect(order).toEqual(["quick", "slow"]);
    await control.clear(undefined);
    await expect.poll(() => order, SOON).toEqual(["quick", "slow", "hole"]);
  });

  test("crashes at a statement and is back by itself with what was committed (F23)", async () => {
    await set({ effect: { kind: "crash", restartAfterMs: 100 }, path: "'fatal'" });
    // Acknowledged a moment before: a server that is fast because it loses such a write shows it here.
    await query("INSERT INTO made VALUES ('before the crash')");
    expect(await codeOf(query("SELECT 'fatal', pg_sleep(60)"))).toMatch(
      /57P02|Connection terminated|ECONNRESET/,
    );
    await expect.poll(() => codeOf(query("SELECT 1")), SOON).toBe("none");
    expect(await isMade("before the crash")).toBe(true);
    expect(control.list()).toMatchObject([{ struck: 1 }]);
  });

  test("stays down for as long as its crash isn't cleared, whoever starts servers", async () => {
    const { id, struck } = await set({ effect: { kind: "crash" } });
    expect(struck).toBe(1);
    await core.clusters.start();
    expect(await codeOf(query("SELECT 1"))).toBe("ECONNREFUSED");
    expect(await core.context.postgres.running()).toEqual([]);
    await control.clear(id);
    expect(await query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("is found at its own port with a fault and without", async () => {
    const address = { name: "db-01", host: "127.0.0.1", port, version: expect.stringMatching(/^18\./) };
    expect(await core.context.postgres.running()).toEqual([address]);
    const listens = () => query("SELECT current_setting('port')::int AS port");
    expect(await listens()).toEqual([{ port }]);
    const { id } = await set({ effect: { kind: "latency", latencyMs: 1 } });
    expect(await core.context.postgres.running()).toEqual([address]);
    expect(await listens()).not.toEqual([{ port }]);
    await control.clear(id);
    expect(await core.context.postgres.running()).toEqual([address]);
    expect(await listens()).toEqual([{ port }]);
  });

  test("is refused by name where it isn't there, and nothing is set", async () => {
    const message = "fault: no PostgreSQL server 'db-09'; expected 'db-01'.";
    await expect(set({ name: "db-09", effect: { kind: "silence" } })).rejects.toThrow(message);
    expect(control.list()).toEqual([]);
    await expect(control.clear("f99")).rejects.toThrow("fault: none is set as 'f99'.");
  });

  test("has no fault when another daemon takes it over", async () => {
    await set({ effect: { kind: "sqlState", sqlState: "53100" } });
    expect(await codeOf(query("SELECT 1"))).toBe("53100");
    await core.clusters.close();
    await core.store.close();
    core = await openCore(home, ROOT);
    control = openFaultControl(core);
    await core.clusters.start();
    expect(control.list()).toEqual([]);
    expect(await query("SELECT current_setting('port')::int AS port")).toEqual([{ port }]);
  });
});
