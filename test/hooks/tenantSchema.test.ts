import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureTenantSchema } from "../../src/hooks/index.ts";
import { close, OWN_TABLES } from "../../src/postgres/index.ts";
import { type HookServer, startHookServer, tenTimes } from "./support.ts";

let fixture: HookServer;

beforeAll(async () => {
  fixture = await startHookServer();
});
afterAll(async () => {
  await fixture.stop();
});

const SHAPE = `SELECT c.relname AS name, c.relkind AS kind, pg_get_userbyid(c.relowner) AS owner, c.oid::int AS oid
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'tenantry' AND relkind = 'r' ORDER BY 1`;
/** What a database of the first release has: nothing of the second version. */
const FIRST_RELEASE = `DROP TABLE ${OWN_TABLES.slice(4)
  .map((table) => `tenantry.${table}`)
  .join(", ")} CASCADE; COMMENT ON SCHEMA tenantry IS NULL`;

describe("schema tenantry", () => {
  test("of a database of an older release gets the new tables, owned by the tenant, and keeps its rows", async () => {
    const tenant = await fixture.provision("older");
    const context = await fixture.open(tenant);
    await context.client.query(FIRST_RELEASE);
    await context.client.query("INSERT INTO tenantry.setting VALUES ('own', '1', 'tenant')");
    const before = (await context.client.query(SHAPE)).rows;
    expect(before).toHaveLength(4);
    await ensureTenantSchema(context);
    const after = (await context.client.query(SHAPE)).rows;
    expect(after.map(({ name }) => name)).toEqual([...OWN_TABLES].sort());
    expect(new Set(after.map(({ owner }) => owner))).toEqual(new Set([tenant.role]));
    expect(after.filter(({ name }) => before.some((old) => old.name === name))).toEqual(before);
    expect((await context.client.query("SELECT key FROM tenantry.setting")).rows).toEqual([{ key: "own" }]);
    await close(context.client);
  });

  test("from ten connections at once is made once", async () => {
    const tenant = await fixture.provision("ten-schemas");
    const context = await fixture.open(tenant);
    await context.client.query("DROP SCHEMA tenantry CASCADE");
    await tenTimes(() => fixture.open(tenant), ensureTenantSchema);
    expect((await context.client.query(SHAPE)).rows).toHaveLength(OWN_TABLES.length);
    await close(context.client);
  });

  test("that is of this version, or of a newer one, isn't touched", async () => {
    const context = await fixture.open(await fixture.provision("newer"));
    await context.client.query("COMMENT ON SCHEMA tenantry IS 'tenantry:schema 99'");
    const before = (await context.client.query(SHAPE)).rows;
    await ensureTenantSchema(context);
    expect((await context.client.query(SHAPE)).rows).toEqual(before);
    const comment = "SELECT obj_description('tenantry'::regnamespace, 'pg_namespace') AS comment";
    expect((await context.client.query(comment)).rows).toEqual([{ comment: "tenantry:schema 99" }]);
    await close(context.client);
  });

  test("says a version that isn't there: a table that somebody dropped is made again", async () => {
    const context = await fixture.open(await fixture.provision("dropped"));
    await context.client.query("DROP TABLE tenantry.operator");
    await ensureTenantSchema(context);
    expect((await context.client.query(SHAPE)).rows).toHaveLength(OWN_TABLES.length);
    await close(context.client);
  });
});
