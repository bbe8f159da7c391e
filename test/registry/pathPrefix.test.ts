import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, close, readMigrationFiles, withDatabase } from "../../src/postgres/index.ts";
import {
  changeReservation,
  migrateMaster,
  readRecord,
  transition,
  writeTombstone,
} from "../../src/registry/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { makeMaster, openMaster, RUN, reservation, reserve } from "./support.ts";

let server: TestPostgres;
let master: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  master = await openMaster(await makeMaster(server.adminUrl, "master_paths"));
});
afterAll(async () => {
  await close(master);
  await server.stop();
});

const prefixOf = async (slug: string) => (await readRecord(master, slug))?.pathPrefix;
const change = (slug: string, id: string, pathPrefix?: string) => {
  const { hosts, isPurgeConfirmed, retentionDays } = reservation(slug);
  const wanted = {
    hosts,
    isPurgeConfirmed,
    retentionDays,
    ...(pathPrefix === undefined ? {} : { pathPrefix }),
  };
  return changeReservation(master, id, wanted, RUN);
};

test("a path prefix is reserved with the record, changed, and taken away; each raises the epoch once", async () => {
  const record = await reserve(master, "acme", { pathPrefix: "/t/acme" });
  expect(await prefixOf("acme")).toBe("/t/acme");
  const epoch = async () => (await readRecord(master, "acme"))?.cacheEpoch ?? Number.NaN;
  const before = await epoch();
  expect([await change("acme", record.id, "/t/a"), await change("acme", record.id, "/t/a")]).toEqual([
    true,
    false,
  ]);
  expect([await prefixOf("acme"), await epoch()]).toEqual(["/t/a", before + 1]);
  expect([await change("acme", record.id), await prefixOf("acme")]).toEqual([true, null]);
});

test("a path prefix of another living tenant is refused, named with its owner, and nothing is reserved", async () => {
  await reserve(master, "globex", { pathPrefix: "/t/globex" });
  const refusal = reserve(master, "initech", { pathPrefix: "/t/globex" });
  await expect(refusal).rejects.toMatchObject({
    code: "E_ALREADY_PROVISIONED",
    message:
      "Tenant 'initech': path prefix '/t/globex' belongs to tenant 'globex' of stack 'local.globex'; expected one of its own.",
  });
  expect(await readRecord(master, "initech")).toBeUndefined();
});

test("ten tenants at once want one path prefix: one has it", async () => {
  const url = `postgres://${master.user}:${master.password}@${master.host}:${master.port}/master_paths`;
  const clients = await Promise.all(Array.from({ length: 10 }, () => openMaster(url)));
  const tries = clients.map((client, at) => reserve(client, `many-${at}`, { pathPrefix: "/many" }));
  const outcomes = await Promise.allSettled(tries);
  await Promise.all(clients.map((client) => close(client)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const refused = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason.code] : []));
  expect(new Set(refused)).toEqual(new Set(["E_ALREADY_PROVISIONED"]));
});

test("a path prefix is free after its tenant's purge", async () => {
  const { id } = await reserve(master, "gone", { pathPrefix: "/t/gone" });
  await transition(master, id, "purging", RUN);
  await writeTombstone(master, id, RUN);
  await reserve(master, "next", { pathPrefix: "/t/gone" });
  expect(await prefixOf("next")).toBe("/t/gone");
});

test("the migration runs on a master of the last release with living tenants in it", async () => {
  await master.query("CREATE DATABASE master_old");
  const old = await openMaster(withDatabase(server.adminUrl, "master_old"));
  const files = await readMigrationFiles("migrations/master");
  await migrateMaster(old, files.slice(0, 2));
  const rows = [1, 2].map((at) => `(gen_random_uuid(), 's${at}', 's${at}', 'active', 'd', 'r', 's', '{}')`);
  await old.query(
    `INSERT INTO identity.tenant (id, slug, stack, status, database_name, role_name, secret_name, hosts) VALUES ${rows}`,
  );
  expect(await migrateMaster(old, files)).toContain("0003_paths.sql");
  await close(old);
});
