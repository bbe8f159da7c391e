import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Environment, query, readEnvironment } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../hooks/announce.ts");
const ACME = "acme";

describe.sequential("listeners in hooks/", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    mkdirSync(join(workspace.root, "hooks"));
    cpSync(EXAMPLE, join(workspace.root, "hooks/announce.ts"));
    const up = await workspace.tenantry(["up", "--platform"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
  });
  afterAll(() => workspace.dispose());

  const listen = (name: string, body: string) =>
    workspace.write(
      `hooks/${name}.ts`,
      `import { appendFileSync } from "node:fs";\nimport { defineListener } from "tenantry/listeners";\nexport const listener = defineListener({ ${body} });\n`,
    );
  const calls = () =>
    query(
      environment.master.url,
      "SELECT event, listener, state, attempts FROM identity.listener_call ORDER BY id",
    );
  const rename = (name: string) =>
    workspace.write(
      `tenants/${ACME}.yaml`,
      workspace.read(`tenants/${ACME}.yaml`).replace(/displayName: .*/, `displayName: ${name}`),
    );

  test("hear nothing of previews and dry runs", async () => {
    const touched = join(workspace.root, "touched");
    listen("touch", `stopsOperation: true, onTenantCreating: () => appendFileSync("${touched}", "x")`);
    expect(await workspace.tenantry(["preview", ACME])).toMatchObject({ code: 0 });
    expect(await workspace.tenantry(["up", ACME, "--dry-run"])).toMatchObject({ code: 0 });
    expect(existsSync(touched)).toBe(false);
    workspace.remove("hooks/touch.ts");
  });

  test("that can't be read stop `check` and `up` before anything is touched, with file and line", async () => {
    workspace.write("hooks/broken.ts", "export const listener = {{;\n");
    const words = "hooks/broken.ts:1:26: can't be read: Expected identifier but found";
    const check = await workspace.tenantry(["check"]);
    expect(check.code).toBe(2);
    expect(check.stdout).toContain(words);
    const up = await workspace.tenantry(["up", ACME]);
    expect(up.code).toBe(2);
    expect(up.stdout).toContain(`E_INVALID_ENTRY: ${words}`);
    expect(await query(environment.master.url, "SELECT slug FROM identity.tenant")).toEqual([]);
    workspace.remove("hooks/broken.ts");
  });

  test("that say no to a new tenant leave its reason in master, and `up` asks again", async () => {
    listen("gate", `stopsOperation: true, onTenantCreating: () => { throw new Error("no contract yet"); }`);
    const refused = await workspace.tenantry(["up", ACME]);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain(
      "E_ILLEGAL_TRANSITION: Tenant 'acme': listener 'gate' (hooks/gate.ts), onTenantCreating stops the operation: no contract yet.",
    );
    expect(await query(environment.master.url, "SELECT status FROM identity.tenant")).toEqual([
      { status: "provisioning_failed" },
    ]);
    workspace.remove("hooks/gate.ts");
    const up = await workspace.tenantry(["up", ACME]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(up.stdout).toMatch(/announce: .+ answers at https:\/\/acme\./);
  });

  test("told of a run that was killed after its change: the next run does it, once (F1)", async () => {
    const heard = join(workspace.root, "heard");
    listen(
      "audit",
      `stopsOperation: true, onTenantUpdated: (old, now, { key }) => appendFileSync("${heard}", key + "\\\\n")`,
    );
    rename("Acme Renamed");
    const killed = await workspace.tenantry(["up", ACME], {
      TENANTRY_KILL_AT: "provider:Registration:registered",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(existsSync(heard)).toBe(false);
    const next = await workspace.tenantry(["up", ACME]);
    expect(next, next.stdout + next.stderr).toMatchObject({ code: 0 });
    expect(workspace.read("heard").trim().split("\n")).toHaveLength(1);
  });

  test("that fail warn, and a changed file counts in the next run", async () => {
    listen("audit", `stopsOperation: false, onTenantUpdated: () => { throw new Error("ledger is away"); }`);
    rename("Acme Once More");
    const warned = await workspace.tenantry(["up", ACME]);
    expect(warned).toMatchObject({ code: 0 });
    expect(warned.stdout).toContain("onTenantUpdated failed: ledger is away.");
    listen("audit", "stopsOperation: false, onTenantUpdated: () => undefined");
    await query(environment.master.url, "UPDATE identity.listener_call SET next_due_at = now()");
    const maintained = await workspace.tenantry(["maintain"]);
    expect(maintained, maintained.stdout + maintained.stderr).toMatchObject({ code: 0 });
    expect((await calls()).at(-1)).toEqual({
      ...{ event: "onTenantUpdated", listener: "audit", state: "done", attempts: 2 },
    });
  });
});
