import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CloudContents } from "../support/cloudContents.ts";
import { contentsOf, enterCloud, readCloudContents, tenantContents } from "../support/cloudContents.ts";
import { type Environment, query, tenantUrl } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

const ENTRY = "tenants/acme.yaml";
const BAD_MIGRATION = "migrations/tenant/0009_bad.sql";
const CUT_DELETE = "provider:TenantRecord:deleting";
const BARE_DESTROY = ["pulumi", "--", "destroy", "-s", "local.acme", "--yes", "--skip-preview"];

/** PRODUCT.md item 7 without `purged → provisioning`, which is another row. */
const LEGAL = [
  "active>deleting",
  "active>suspended",
  "deleted>active",
  "deleted>purging",
  "deleted>suspended",
  "deleting>active",
  "deleting>deleted",
  "deleting>suspended",
  "provisioning>active",
  "provisioning>provisioning_failed",
  "provisioning>purging",
  "provisioning_failed>provisioning",
  "provisioning_failed>purging",
  "purging>purged",
  "suspended>active",
  "suspended>deleting",
];

describe.sequential("lives and purges of one slug, each step asked for by its entry", () => {
  let workspace: Workspace;
  let environment: Environment;
  let active: string;
  let empty: CloudContents;

  beforeAll(async () => {
    workspace = createWorkspace();
    await succeed("up", "--platform");
    environment = await enterCloud(workspace);
    active = workspace.read(ENTRY);
    empty = await readCloudContents(environment);
    await succeed("up", "acme");
  });
  afterAll(() => workspace.dispose());

  async function succeed(...args: string[]): Promise<CommandResult> {
    const result = await workspace.tenantry(args);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result;
  }
  async function cut(point: string, ...args: string[]): Promise<void> {
    const result = await workspace.tenantry(args, { TENANTRY_KILL_AT: point });
    expect(result.signal, result.stdout + result.stderr).toBe("SIGKILL");
  }
  const master = (sql: string) => query(environment.master.url, sql);
  const write = (fields: string) => workspace.write(ENTRY, active.replace("status: active\n", `${fields}\n`));
  const lives = () =>
    master("SELECT id, status FROM identity.tenant WHERE slug = 'acme' ORDER BY provisioning_at");
  const status = async () => (await lives()).at(-1)?.status;
  const endRetention = () =>
    master(
      "UPDATE identity.tenant SET deleted_at = deleted_at - interval '31 days' WHERE slug = 'acme' AND status = 'deleted'",
    );
  const expectNothing = async () =>
    expect(tenantContents(empty, await readCloudContents(environment))).toEqual(contentsOf([]));

  test("an undelete finds the data as they were, whatever the tenant was before", async () => {
    const url = await tenantUrl(environment, "acme");
    await query(url, "INSERT INTO app.patient (full_name, born_on) VALUES ('Ada Lovelace', '1815-12-10')");
    const [before] = await lives();
    await succeed("delete", "acme");
    await succeed("undelete", "acme");
    expect(await query(url, "SELECT full_name FROM app.patient")).toEqual([{ full_name: "Ada Lovelace" }]);
    await succeed("suspend", "acme");
    await succeed("delete", "acme");
    await succeed("undelete", "acme");
    await succeed("resume", "acme");
    expect(await query(url, "SELECT full_name FROM app.patient")).toEqual([{ full_name: "Ada Lovelace" }]);
    expect(await lives()).toEqual([before]);
  });

  test("a delete that was cut off goes back to what the entry says again", async () => {
    await cut(CUT_DELETE, "delete", "acme");
    expect(await status()).toBe("deleting");
    write("status: active");
    await succeed("up", "acme");
    expect(await status()).toBe("active");
    await succeed("suspend", "acme");
    await cut(CUT_DELETE, "delete", "acme");
    write("status: suspended");
    await succeed("up", "acme");
    expect(await status()).toBe("suspended");
    await succeed("resume", "acme");
  });

  test("a reviewed `purge` lets a bare destroy go before retention is over, on the embedded engine's command line", async () => {
    await succeed("delete", "acme");
    const early = await workspace.tenantry([...BARE_DESTROY, "--run-program=false"]);
    expect(early.code).not.toBe(0);
    expect(await status()).toBe("deleted");
    write("status: deleted\npurge: acme");
    await succeed("up", "acme");
    await succeed(...BARE_DESTROY, "--run-program=false");
    expect(await status()).toBe("purged");
    await expectNothing();
    expect(
      await master(
        "SELECT kind, deleted_after > now() + interval '89 days' AS is_kept FROM identity.backup WHERE deleted_at IS NULL ORDER BY taken_at DESC LIMIT 1",
      ),
    ).toEqual([{ kind: "final", is_kept: true }]);
  });

  test("the next life has a new id, also after a first provisioning that failed (F39)", async () => {
    write("status: active");
    workspace.write(BAD_MIGRATION, "SELECT 1/0;\n");
    expect((await workspace.tenantry(["up", "acme"])).code).toBe(1);
    expect(await status()).toBe("provisioning_failed");
    workspace.remove(BAD_MIGRATION);
    await succeed("up", "acme");
    const [first, second] = await lives();
    expect([first?.status, second?.status]).toEqual(["purged", "active"]);
    expect(second?.id).not.toBe(first?.id);
    const url = await tenantUrl(environment, "acme");
    expect(await query(url, "SELECT full_name FROM app.patient")).toEqual([]);
  });

  test("when retention is over a destroy needs no confirmation", async () => {
    await succeed("delete", "acme");
    expect((await workspace.tenantry(["destroy", "acme"])).stdout).toContain("E_RETENTION");
    await endRetention();
    await succeed("destroy", "acme");
    expect(await status()).toBe("purged");
    await expectNothing();
  });

  test("a life that was never active ends without ceremony", async () => {
    write("status: active");
    workspace.write(BAD_MIGRATION, "SELECT 1/0;\n");
    expect((await workspace.tenantry(["up", "acme"])).code).toBe(1);
    workspace.remove(BAD_MIGRATION);
    await succeed("offboard", "acme", "--purge", "--confirm", "acme");
    write("status: active");
    await cut("provider:Database:grants", "up", "acme");
    expect(await status()).toBe("provisioning");
    write("status: deleted");
    await succeed("up", "acme");
    expect((await lives()).map((life) => life.status)).toEqual(Array(4).fill("purged"));
    await expectNothing();
  });

  test("these were all the legal steps and no other", async () => {
    const steps = await master(
      "SELECT DISTINCT (details->>'from') || '>' || (details->>'to') AS step FROM identity.tenant_audit WHERE details ? 'to' ORDER BY 1",
    );
    expect(steps.map(({ step }) => step).sort()).toEqual(LEGAL);
  });
});
