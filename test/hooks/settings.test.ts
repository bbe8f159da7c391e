import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SettingMap, settingsHook } from "../../src/hooks/index.ts";
import { close } from "../../src/postgres/index.ts";
import type { JsonValue } from "../../src/tenant/desired.ts";
import { thrownBy } from "../postgres/support.ts";
import { everyRow, type HookServer, startHookServer, tenTimes, untilBlocked } from "./support.ts";

let fixture: HookServer;

beforeAll(async () => {
  fixture = await startHookServer();
});

afterAll(async () => {
  await fixture.stop();
});

const WANTED: SettingMap = {
  model: { value: "gpt-4o-mini", source: "plan" },
  maxTokens: { value: 1000, source: "tenant" },
  features: { value: { basicChat: true, list: [1, null, "x"] }, source: "environment" },
};

describe("settings", () => {
  test("become exactly the wanted rows, whatever was there, owned by the tenant", async () => {
    const tenant = await fixture.provision("exact");
    const context = await fixture.open(tenant);
    await context.client.query(
      "INSERT INTO tenantry.setting VALUES ('stale', '1', 'plan'), ('model', '\"old\"', 'plan'), ('maxTokens', '1000', 'tenant')",
    );
    expect(await settingsHook.apply(context, WANTED)).toEqual({
      set: ["features", "model"],
      remove: ["stale"],
    });
    expect(await settingsHook.observe(context)).toEqual(WANTED);
    await close(context.client);
  });

  test("a second run writes nothing", async () => {
    const context = await fixture.open(await fixture.provision("second"));
    await settingsHook.apply(context, WANTED);
    const before = await everyRow(context.client);
    expect(await settingsHook.apply(context, WANTED)).toEqual({ set: [], remove: [] });
    expect(await everyRow(context.client)).toBe(before);
    await close(context.client);
  });

  test("from ten connections at once are written once", async () => {
    const tenant = await fixture.provision("ten");
    const done = await tenTimes(
      () => fixture.open(tenant),
      (context) => settingsHook.apply(context, WANTED),
    );
    expect(done.filter(({ set }) => set.length > 0)).toHaveLength(1);
  });

  test("cut off in the middle are as before, and the next run does them", async () => {
    const tenant = await fixture.provision("cut");
    const context = await fixture.open(tenant);
    const doomed = await fixture.open(tenant);
    await context.client.query("INSERT INTO tenantry.setting VALUES ('maxTokens', '1', 'plan')");
    // The first row is written, the second waits for this one.
    await context.client.query("BEGIN; SELECT FROM tenantry.setting WHERE key = 'maxTokens' FOR UPDATE");
    const { pid } = (await doomed.client.query("SELECT pg_backend_pid() AS pid")).rows[0];
    await doomed.client.query("SET application_name = 'doomed settings'");
    const dying = thrownBy(settingsHook.apply(doomed, WANTED));
    await untilBlocked(fixture.root.client, "doomed settings");
    await fixture.root.client.query("SELECT pg_terminate_backend($1)", [pid]);
    await dying;
    await context.client.query("COMMIT");
    expect(await settingsHook.observe(context)).toEqual({ maxTokens: { value: 1, source: "plan" } });
    await settingsHook.apply(context, WANTED);
    expect(await settingsHook.observe(context)).toEqual(WANTED);
    await close(context.client);
  });

  test("the schema is made where a database lacks it", async () => {
    const context = await fixture.open(await fixture.provision("bare"));
    await context.client.query("DROP SCHEMA tenantry CASCADE");
    expect(await settingsHook.observe(context)).toEqual({});
    await settingsHook.apply(context, WANTED);
    expect(await settingsHook.observe(context)).toEqual(WANTED);
    await close(context.client);
  });

  test("any JSON value comes back as it went in", async () => {
    const context = await fixture.open(await fixture.provision("json"));
    // jsonb refuses NUL, and lone surrogates; entries can't hold them either.
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    const key = text.filter((value) => value !== "" && value !== "__proto__");
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("json")),
        fc.dictionary(key, tie("json")),
      ),
    })).json as fc.Arbitrary<JsonValue>;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 4 }), async (values) => {
        const wanted: SettingMap = Object.fromEntries(
          Object.entries(values).map(([name, one]) => [name, { value: one, source: "tenant" as const }]),
        );
        await settingsHook.apply(context, wanted);
        const observed = await settingsHook.observe(context);
        expect(settingsHook.plan(wanted, observed)).toEqual({ set: [], remove: [] });
      }),
      { numRuns: 40 },
    );
    await close(context.client);
  });
});
