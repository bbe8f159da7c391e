import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type IdentityContext,
  type IdentityInputs,
  identityHook,
  type SeedSecrets,
  setApiKeysSuspended,
} from "../../src/hooks/index.ts";
import { close } from "../../src/postgres/index.ts";
import { toIdentitySeeds } from "../../src/tenant/desiredIdentity.ts";
import { ROLE_NAMES } from "../../src/tenant/identitySeeds.ts";
import { DEFAULT_SEEDS, type PlanSeeds } from "../../src/tenant/planSeeds.ts";
import { thrownBy } from "../postgres/support.ts";
import { anId, everyRow, type HookServer, startHookServer, tenTimes, untilBlocked } from "./support.ts";

let fixture: HookServer;

beforeAll(async () => {
  fixture = await startHookServer();
});
afterAll(async () => {
  await fixture.stop();
});

function inputsOf(slug: string, seeds: Partial<PlanSeeds> = {}, isOpen = true): IdentityInputs {
  const wish = { slug, product: "shop", hosts: [`${slug}.test`], parent: { slug: "main" } };
  return { seeds: toIdentitySeeds({ ...wish, seeds: { ...DEFAULT_SEEDS, ...seeds } }), isOpen };
}

/** A tenant with an admin, a way into its database and a vault in memory. */
async function seededTenant(slug: string) {
  const tenant = await fixture.provision(slug);
  const vault = new Map<string, string>();
  const writes: string[] = [];
  const secrets: SeedSecrets = {
    find: async (name) => vault.get(name),
    put: async (name, value) => {
      writes.push(name);
      vault.set(name, value);
    },
  };
  const open = async (): Promise<IdentityContext> => ({ ...(await fixture.open(tenant)), secrets });
  const context = await open();
  await context.client.query("INSERT INTO tenantry.admin (id, email) VALUES ($1, 'a@b.test')", [anId()]);
  return { tenant, vault, writes, open, context };
}

const rowsOf = async ({ client }: IdentityContext, sql: string) => (await client.query(sql)).rows;
const EVERYTHING = ROLE_NAMES.length;

describe("what a tenant's identity begins with", () => {
  test("becomes rows of the tenant's own, with the first admin among the owners of every role", async () => {
    const { tenant, vault, context } = await seededTenant("born");
    const inputs = inputsOf("born");
    const done = await identityHook.apply(context, inputs);
    expect(done.set).toHaveLength(EVERYTHING + 1 + 2 + 1 + 4 + 1 + 1 + 1 + 1);
    expect(await identityHook.observe(context)).toEqual({
      seeds: inputs.seeds,
      suspendedKeys: 0,
      openKeys: 1,
    });
    const owners = `SELECT a.email, g.name, count(r.id)::int AS roles FROM tenantry.user_group g
      JOIN tenantry.group_member m ON m.group_id = g.id JOIN tenantry.admin a ON a.id = m.admin_id
      JOIN tenantry.group_role gr ON gr.group_id = g.id JOIN tenantry.role r ON r.id = gr.role_id GROUP BY 1, 2`;
    expect(await rowsOf(context, owners)).toEqual([
      { email: "a@b.test", name: "TenantOwners", roles: EVERYTHING },
    ]);
    const owned = "SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'tenantry'";
    expect(await rowsOf(context, owned)).toEqual([{ owner: tenant.role }]);
    expect([...vault.keys()].sort()).toEqual(["tenant-client-born", "tenant-key-born--default"]);
    await close(context.client);
  });

  test("keeps secrets in the vault alone: the database has their hashes, and nothing of them anywhere", async () => {
    const { vault, context } = await seededTenant("hashed");
    await identityHook.apply(context, inputsOf("hashed"));
    const sha = (name: string) =>
      createHash("sha256")
        .update(vault.get(name) ?? "")
        .digest("hex");
    const hashes =
      "SELECT secret_hash AS hash FROM tenantry.application UNION ALL SELECT secret_hash FROM tenantry.api_key";
    expect(await rowsOf(context, hashes)).toEqual([
      { hash: sha("tenant-client-hashed") },
      { hash: sha("tenant-key-hashed--default") },
    ]);
    const all = await everyRow(context.client);
    for (const secret of vault.values()) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      expect(all).not.toContain(secret);
    }
    await close(context.client);
  });

  test("is written once: a second run writes neither row nor secret", async () => {
    const { context, writes } = await seededTenant("twice");
    await identityHook.apply(context, inputsOf("twice"));
    const before = await everyRow(context.client);
    const nothing = { set: [], remove: [], keys: "nothing" };
    expect(await identityHook.apply(context, inputsOf("twice"))).toEqual(nothing);
    expect(await everyRow(context.client)).toBe(before);
    expect(writes).toHaveLength(2);
    await close(context.client);
  });

  test("from ten connections at once is written once, with one secret of each name", async () => {
    const { open, writes, context } = await seededTenant("ten-seeds");
    const done = await tenTimes(open, (each) =>
      identityHook.apply(each as IdentityContext, inputsOf("ten-seeds")),
    );
    expect(done.filter(({ set }) => set.length > 0)).toHaveLength(1);
    expect(writes.toSorted()).toEqual(["tenant-client-ten-seeds", "tenant-key-ten-seeds--default"]);
    expect((await identityHook.observe(context)).seeds).toEqual(inputsOf("ten-seeds").seeds);
    await close(context.client);
  });

  test("cut off between vault and database is finished with the same secrets", async () => {
    const { open, context, vault } = await seededTenant("cut-seeds");
    const doomed = await open();
    await context.client.query("BEGIN; LOCK TABLE tenantry.role IN SHARE ROW EXCLUSIVE MODE");
    const { pid } = (await doomed.client.query("SELECT pg_backend_pid() AS pid")).rows[0];
    await doomed.client.query("SET application_name = 'doomed seeds'");
    const dying = thrownBy(identityHook.apply(doomed, inputsOf("cut-seeds")));
    await untilBlocked(fixture.root.client, "doomed seeds");
    const kept = new Map(vault);
    expect(kept.size).toBe(2);
    await fixture.root.client.query("SELECT pg_terminate_backend($1)", [pid]);
    await dying;
    await context.client.query("COMMIT");
    expect((await identityHook.observe(context)).seeds.roles).toEqual({});
    await identityHook.apply(context, inputsOf("cut-seeds"));
    expect(vault).toEqual(kept);
    expect((await identityHook.observe(context)).seeds).toEqual(inputsOf("cut-seeds").seeds);
    await close(context.client);
  });

  test("leaves the tenant's own rows and changed names alone", async () => {
    const { context } = await seededTenant("own-rows");
    await identityHook.apply(context, inputsOf("own-rows"));
    await context.client.query(
      `UPDATE tenantry.role SET name = 'Zuschauer', description = 'ours' WHERE seed_key = 'DashboardViewer';
       INSERT INTO tenantry.role (name) VALUES ('DashboardViewer'), ('Auditor');
       INSERT INTO tenantry.role_permission (role_id, permission)
         SELECT id, 'exports:read' FROM tenantry.role WHERE seed_key = 'DashboardViewer';
       INSERT INTO tenantry.identity_provider (name, kind) VALUES ('Own', 'oidc');
       INSERT INTO tenantry.api_key (name, secret_hash) VALUES ('theirs', 'hash')`,
    );
    const mine = `SELECT name, description FROM tenantry.role WHERE seed_key IS NULL OR seed_key = 'DashboardViewer' ORDER BY 1`;
    const before = await rowsOf(context, mine);
    expect((await identityHook.observe(context)).seeds).toEqual(inputsOf("own-rows").seeds);
    await identityHook.apply(context, inputsOf("own-rows", { scopes: ["billing"] }));
    expect(await rowsOf(context, mine)).toEqual(before);
    expect(
      await rowsOf(context, "SELECT permission FROM tenantry.role_permission WHERE NOT is_seeded"),
    ).toEqual([{ permission: "exports:read" }]);
    expect(await rowsOf(context, "SELECT name FROM tenantry.api_key WHERE seed_key IS NULL")).toEqual([
      { name: "theirs" },
    ]);
    await close(context.client);
  });

  test("that a plan no longer has is taken away, and nothing else", async () => {
    const { context } = await seededTenant("less");
    await identityHook.apply(context, inputsOf("less", { apiKeys: { ci: ["all"], default: ["read_only"] } }));
    const done = await identityHook.apply(
      context,
      inputsOf("less", { roles: ["DashboardViewer"], application: false }),
    );
    expect(done.remove).toEqual(
      [
        "apiKeys.ci",
        "applications.default",
        "connections.default",
        ...ROLE_NAMES.filter((name) => name !== "DashboardViewer").map((name) => `roles.${name}`),
      ].sort(),
    );
    expect((await identityHook.observe(context)).seeds).toEqual(
      inputsOf("less", { roles: ["DashboardViewer"], application: false }).seeds,
    );
    await close(context.client);
  });

  test.each([
    [
      "a role that is gone",
      "DELETE FROM tenantry.role WHERE seed_key = 'UserManagement'",
      ["groups.TenantOwners", "roles.UserManagement"],
    ],
    [
      "a permission that is gone",
      "DELETE FROM tenantry.role_permission WHERE permission = 'users:write'",
      ["roles.UserManagement"],
    ],
    ["an admin who isn't an owner any more", "DELETE FROM tenantry.group_member", ["groups.TenantOwners"]],
    [
      "another callback",
      "UPDATE tenantry.application SET callback_urls = '{https://evil.test}'",
      ["applications.default"],
    ],
    ["another hash", "UPDATE tenantry.api_key SET secret_hash = 'x'", ["apiKeys.default"]],
    ["more scopes", "UPDATE tenantry.api_key SET scopes = '{shop_api}'", ["apiKeys.default"]],
  ])("%s is seen and mended", async (_, sql, expected) => {
    const { context } = await seededTenant(`drift-${anId().slice(0, 8)}`);
    const inputs = inputsOf(context.slug);
    await identityHook.apply(context, inputs);
    await context.client.query(sql);
    const observed = await identityHook.observe(context);
    expect(identityHook.plan(inputs, observed)).toEqual({ set: expected, remove: [], keys: "nothing" });
    await identityHook.apply(context, inputs);
    expect((await identityHook.observe(context)).seeds).toEqual(inputs.seeds);
    await close(context.client);
  });

  test("gets another secret where the vault has lost it", async () => {
    const { context, vault } = await seededTenant("lost-secret");
    const inputs = inputsOf("lost-secret");
    await identityHook.apply(context, inputs);
    vault.delete("tenant-client-lost-secret");
    expect((await identityHook.observe(context)).seeds.applications.default?.secretName).toBe("");
    expect((await identityHook.apply(context, inputs)).set).toEqual(["applications.default"]);
    expect(vault.get("tenant-client-lost-secret")).toMatch(/^[\w-]{43}$/);
    expect((await identityHook.observe(context)).seeds).toEqual(inputs.seeds);
    await close(context.client);
  });
});

describe("API keys", () => {
  const KEYS =
    "SELECT name, suspended_at IS NOT NULL AS suspended, revoked_at IS NOT NULL AS revoked FROM tenantry.api_key ORDER BY 1";

  test("close with a tenant that isn't active, the tenant's own too, and open again but for revoked ones", async () => {
    const { context } = await seededTenant("keys");
    await identityHook.apply(context, inputsOf("keys"));
    await context.client.query(
      "INSERT INTO tenantry.api_key (name, secret_hash, revoked_at) VALUES ('old', 'h', now()), ('own', 'h', NULL)",
    );
    expect((await identityHook.apply(context, inputsOf("keys", {}, false))).keys).toBe("suspend");
    expect(await rowsOf(context, KEYS)).toEqual([
      { name: "default", suspended: true, revoked: false },
      { name: "old", suspended: true, revoked: true },
      { name: "own", suspended: true, revoked: false },
    ]);
    expect((await identityHook.apply(context, inputsOf("keys", {}, false))).keys).toBe("nothing");
    expect((await identityHook.apply(context, inputsOf("keys"))).keys).toBe("resume");
    expect(await rowsOf(context, KEYS)).toEqual([
      { name: "default", suspended: false, revoked: false },
      { name: "old", suspended: false, revoked: true },
      { name: "own", suspended: false, revoked: false },
    ]);
    await close(context.client);
  });

  test("close and open alone, as an operation asks", async () => {
    const { context } = await seededTenant("alone");
    await identityHook.apply(context, inputsOf("alone"));
    expect([await setApiKeysSuspended(context, true), await setApiKeysSuspended(context, true)]).toEqual([
      1, 0,
    ]);
    expect([await setApiKeysSuspended(context, false), await setApiKeysSuspended(context, false)]).toEqual([
      1, 0,
    ]);
    await close(context.client);
  });

  test("of a tenant that is made suspended begin closed", async () => {
    const { context } = await seededTenant("closed");
    await identityHook.apply(context, inputsOf("closed", {}, false));
    expect(await rowsOf(context, KEYS)).toEqual([{ name: "default", suspended: true, revoked: false }]);
    await close(context.client);
  });
});
