import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, close } from "../../src/postgres/index.ts";
import {
  eventOf,
  isLegalTransition,
  LEGAL_TRANSITIONS,
  readAudit,
  readRecordById,
  transition,
} from "../../src/registry/index.ts";
import type { RecordStatus } from "../../src/tenant/resources.ts";
import { thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { everyRow, makeMaster, openMaster, RUN, reserve } from "./support.ts";

const STATES = Object.keys(LEGAL_TRANSITIONS) as RecordStatus[];
const PAIRS = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));
/** A life in one of these has never been active. */
const UNBORN: readonly RecordStatus[] = ["provisioning", "provisioning_failed"];

let server: TestPostgres;
let master: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  master = await openMaster(await makeMaster(server.adminUrl, "master"));
});

afterAll(async () => {
  await close(master);
  await server.stop();
});

/** A record in a state, whatever way led there. */
async function recordIn(slug: string, status: RecordStatus, isHeld = false): Promise<string> {
  const { id } = await reserve(master, slug);
  await master.query(
    "UPDATE identity.tenant SET status = $2, active_at = CASE WHEN $3 THEN NULL ELSE now() END, hold = $4 WHERE id = $1",
    [id, status, UNBORN.includes(status), isHeld],
  );
  return id;
}

const slugOf = (from: RecordStatus, to: RecordStatus, word: string) =>
  `${word}-${from}-${to}`.replaceAll("_", "");

describe("every pair of states in master", () => {
  const legal = PAIRS.filter(([from, to]) => isLegalTransition(from, to));
  const same = STATES.map((state) => [state, state] as const);
  const illegal = PAIRS.filter(([from, to]) => from !== to && !isLegalTransition(from, to));

  test("is one of 17 legal, 8 same and 39 illegal ones", () => {
    expect([legal.length, same.length, illegal.length]).toEqual([17, 8, 39]);
  });

  test.each(legal.filter(([from]) => from !== "purged"))("%s → %s: row and audit", async (from, to) => {
    const slug = slugOf(from, to, "legal");
    const id = await recordIn(slug, from);
    expect(await transition(master, id, to, RUN, { reason: "because" })).toBe(true);
    expect(await readRecordById(master, id)).toMatchObject({
      status: to,
      statusReason: "because",
      cacheEpoch: 1,
    });
    const last = (await readAudit(master, slug)).at(-1);
    expect(last).toMatchObject({ event: eventOf(from, to), details: { from, to, reason: "because" } });
  });

  test("purged → provisioning: a new row with a new id beside the tombstone", async () => {
    const old = await recordIn("again", "purged");
    await master.query("DELETE FROM identity.tenant_host WHERE tenant_id = $1", [old]);
    const tombstone = await readRecordById(master, old);
    const { id, status } = await reserve(master, "again");
    expect(id).not.toBe(old);
    expect(status).toBe("provisioning");
    expect(await readRecordById(master, old)).toEqual(tombstone);
  });

  test.each(same)("%s → %s: nothing is written", async (from, to) => {
    const id = await recordIn(slugOf(from, to, "same"), from);
    const before = await everyRow(master);
    expect(await transition(master, id, to, RUN)).toBe(false);
    expect(await everyRow(master)).toBe(before);
  });

  test.each(illegal)("%s → %s: E_ILLEGAL_TRANSITION, and nothing is written", async (from, to) => {
    const id = await recordIn(slugOf(from, to, "illegal"), from);
    const before = await everyRow(master);
    expect(await thrownBy(transition(master, id, to, RUN))).toMatchObject({
      code: "E_ILLEGAL_TRANSITION",
    });
    expect(await everyRow(master)).toBe(before);
  });

  test.each([
    ["active", "deleting"],
    ["suspended", "deleting"],
    ["deleted", "purging"],
  ] as const)("%s → %s under a hold: E_HOLD, and nothing is written", async (from, to) => {
    const id = await recordIn(slugOf(from, to, "held"), from, true);
    const before = await everyRow(master);
    expect(await thrownBy(transition(master, id, to, RUN))).toMatchObject({ code: "E_HOLD" });
    expect(await everyRow(master)).toBe(before);
  });
});
