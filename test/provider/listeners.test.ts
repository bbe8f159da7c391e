import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteTenant, destroy, provision, tenantInputs } from "./tenant.ts";
import { startWorld, type World } from "./world.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");

describe.sequential("listeners of a tenant's events", () => {
  let world: World;
  let root: string;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "tenantry-hooks-"));
    for (const name of ["src", "node_modules", "package.json"])
      symlinkSync(join(REPOSITORY, name), join(root, name));
    world = await startWorld({ listenerRoot: root });
  });
  afterAll(async () => {
    await world.stop();
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    rmSync(join(root, "hooks"), { recursive: true, force: true });
    rmSync(join(root, "heard"), { force: true });
    mkdirSync(join(root, "hooks"));
  });

  const write = (name: string, body: string) =>
    writeFileSync(
      join(root, "hooks", `${name}.ts`),
      `import { appendFileSync } from "node:fs";
import { defineListener } from "tenantry/listeners";
const heard = (...words: unknown[]) => appendFileSync("${join(root, "heard")}", JSON.stringify(words) + "\\n");
export const listener = defineListener({ ${body} });
`,
    );
  const heard = (): unknown[] => {
    const lines = readFileSync(join(root, "heard"), "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line));
  };
  const calls = (slug: string) =>
    world.master(
      `SELECT event, listener, state, attempts, last_error AS error FROM identity.listener_call
        WHERE tenant_id IN (SELECT id FROM identity.tenant WHERE slug = $1) ORDER BY id`,
      [slug],
    );

  test("hear every event of a life once, with plain facts and a key of its own", async () => {
    write(
      "all",
      `stopsOperation: true,
       onTenantCreating: (tenant, { key, attempt }) => heard("creating", tenant, key, attempt),
       onTenantCreated: (tenant, { key }) => heard("created", tenant.status, key),
       onTenantUpdated: (old, now, { key }) => heard("updated", old.status, now.status, old.plan, now.plan, key),
       onTenantDeleting: (tenant, { key }) => heard("deleting", tenant.status, key),
       onTenantDeleted: (tenant, { key }) => heard("deleted", tenant.status, tenant.displayName, key)`,
    );
    const { tenantId, states } = await provision(world, "heard");
    const inputs = tenantInputs(world, "heard").registration(tenantId, "");
    const { Registration } = states;
    if (Registration === undefined) throw new Error("no registration");
    const changed = await world.engine.update("Registration", Registration, { ...inputs, plan: "standard" });
    await world.engine.update("Registration", changed, { ...inputs, plan: "standard" });
    await destroy(
      world,
      "heard",
      await deleteTenant(world, "heard", tenantId, { ...states, Registration: changed }),
    );
    const key = (event: string, occasion = "") => `${tenantId}/${event}/${occasion}all`;
    const lines = heard() as unknown[][];
    expect(lines.map((line) => line.slice(0, -1).filter((word) => typeof word === "string"))).toEqual([
      ["creating", key("onTenantCreating")],
      ["created", "active"],
      ["updated", "active", "active", "trial", "standard"],
      ["updated", "active", "deleted", "standard", "trial"],
      ["deleting", "deleted"],
      ["deleted", "purged", "heard Inc"],
    ]);
    expect(lines[0]).toEqual([
      "creating",
      {
        ...{ id: tenantId, slug: "heard", hosts: ["heard.local.tenantry.test"], status: "provisioning" },
        ...{
          displayName: "heard Inc",
          plan: "trial",
          settings: { model: "gpt-4o-mini" },
          labels: { tier: "pilot" },
        },
      },
      key("onTenantCreating"),
      1,
    ]);
    expect(new Set(lines.map((line) => line.at(-1))).size).toBe(lines.length);
    expect((await calls("heard")).map(({ state }) => state)).toEqual(lines.map(() => "done"));
  });

  test("that fail are a warning, are kept with the reason, and are tried again by the tenant's next run", async () => {
    write(
      "flaky",
      `stopsOperation: false, onTenantCreated: () => { heard("tried"); throw new Error("CRM is away"); }`,
    );
    const { tenantId, states } = await provision(world, "flaky");
    expect(await calls("flaky")).toEqual([
      {
        ...{ event: "onTenantCreated", listener: "flaky", state: "waiting", attempts: 1 },
        error: "CRM is away.",
      },
    ]);
    write(
      "flaky",
      `stopsOperation: false, onTenantCreated: (tenant, { key, attempt }) => heard(key, attempt)`,
    );
    const inputs = tenantInputs(world, "flaky").registration(tenantId, "");
    const next = await world.another();
    await next.engine.update("Registration", states.Registration as never, { ...inputs, plan: "standard" });
    await next.close();
    expect(heard()).toEqual([["tried"], [`${tenantId}/onTenantCreated/flaky`, 2]]);
    expect(await calls("flaky")).toMatchObject([{ state: "done", attempts: 2, error: null }]);
  });

  test("that stop a creation leave the reservation alone, with the reason in the record, and are asked again", async () => {
    write("gate", `stopsOperation: true, onTenantCreating: () => { throw new Error("no contract"); }`);
    const { record } = tenantInputs(world, "gated");
    await expect(world.engine.create("TenantRecord", record)).rejects.toThrow(
      "E_ILLEGAL_TRANSITION: Tenant 'gated': listener 'gate' (hooks/gate.ts), onTenantCreating stops the operation: no contract.",
    );
    const [row] = await world.master("SELECT status, status_code FROM identity.tenant WHERE slug = 'gated'");
    expect(row).toEqual({ status: "provisioning_failed", status_code: "E_ILLEGAL_TRANSITION" });
    write("gate", `stopsOperation: true, onTenantCreating: () => heard("asked again")`);
    const { states } = await provision(world, "gated");
    expect(heard()).toEqual([["asked again"]]);
    expect(states.Registration).toBeDefined();
  });

  test("that stop a purge leave everything untouched", async () => {
    const { tenantId, states } = await provision(world, "kept");
    const deleted = await deleteTenant(world, "kept", tenantId, states);
    write("veto", `stopsOperation: true, onTenantDeleting: () => { throw new Error("an invoice is open"); }`);
    await expect(world.engine.delete("Registration", deleted.Registration as never)).rejects.toThrow(
      "listener 'veto' (hooks/veto.ts), onTenantDeleting stops the operation: an invoice is open.",
    );
    const [row] = await world.master("SELECT status FROM identity.tenant WHERE id = $1", [tenantId]);
    expect(row).toEqual({ status: "deleted" });
    expect(await calls("kept")).toMatchObject([{ event: "onTenantDeleting", state: "stopped" }]);
    write("veto", "stopsOperation: true, onTenantDeleting: () => undefined");
    const later = await world.another();
    await destroy(world, "kept", deleted, later.engine);
    await later.close();
    expect(await calls("kept")).toMatchObject([{ event: "onTenantDeleting", state: "done" }]);
  });

  test("that hang, exit, crash or leave timers end with their call", async () => {
    const slow = "new Promise((resolve) => setTimeout(resolve, 600_000))";
    write("a-hang", `stopsOperation: false, timeoutMs: 300, onTenantCreated: () => ${slow} as Promise<void>`);
    write("b-loop", "stopsOperation: false, timeoutMs: 300, onTenantCreated: () => { for (;;); }");
    write("c-exit", "stopsOperation: false, onTenantCreated: () => process.exit(0)");
    write(
      "d-crash",
      `stopsOperation: false, onTenantCreated: () => { setTimeout(() => { throw new Error("late"); }, 1); return ${slow} as Promise<void>; }`,
    );
    write(
      "e-timer",
      `stopsOperation: false, onTenantCreated: () => { setInterval(() => heard("alive"), 50); }`,
    );
    write(
      "f-signal",
      `stopsOperation: false, timeoutMs: 300, onTenantCreated: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => { heard("aborted"); reject(new Error("gave up")); }))`,
    );
    await provision(world, "wild");
    const rows = (await calls("wild")) as { listener: string; state: string; error: string }[];
    expect(rows.map(({ listener, state, error }) => [listener, state, error?.split("\n")[0]])).toEqual([
      ["a-hang", "waiting", "took more than 300 ms."],
      ["b-loop", "waiting", "took more than 300 ms."],
      ["c-exit", "waiting", "ended with exit code 0 before it was done."],
      ["d-crash", "waiting", "ended with exit code 1 before it was done: Error: late."],
      ["e-timer", "done", undefined],
      ["f-signal", "waiting", "took more than 300 ms."],
    ]);
    expect(heard()).toContainEqual(["aborted"]);
  });

  test("see no credential of the platform, and their words are redacted", async () => {
    process.env.CRM_TOKEN = "crm-token-of-the-team";
    write(
      "nosy",
      `stopsOperation: false, onTenantCreated: (tenant) => { heard(process.env, tenant);
        throw new Error("postgres://me:hidden@db/x refused " + process.env.CRM_TOKEN); }`,
    );
    await provision(world, "nosy");
    delete process.env.CRM_TOKEN;
    expect(JSON.stringify(heard())).not.toContain("canary");
    expect(await calls("nosy")).toMatchObject([{ error: "postgres://*** refused ***." }]);
  });

  test("that can't be read are refused before anything is touched, in a preview too", async () => {
    writeFileSync(join(root, "hooks/broken.ts"), "export const a = 1;\nexport const listener = {{;\n");
    const ask = world.engine.invoke("tenantry:index:getRecord", { slug: "unread" }, true);
    await expect(ask).rejects.toThrow(/^E_INVALID_ENTRY: hooks\/broken\.ts:2:\d+: can't be read: Expected /);
    await expect(world.engine.create("TenantRecord", tenantInputs(world, "unread").record)).rejects.toThrow(
      "E_INVALID_ENTRY: hooks/broken.ts:2",
    );
  });

  test("hear nothing of a preview", async () => {
    write("all", `stopsOperation: true, onTenantCreating: () => heard("creating")`);
    await world.engine.preview("TenantRecord", tenantInputs(world, "looked").record);
    expect(await calls("looked")).toEqual([]);
  });
});
