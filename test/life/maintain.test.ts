import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud, readCloudContents, tenantContents } from "../support/cloudContents.ts";
import { type Environment, query, secretClient } from "../support/localClients.ts";
import { createWorkspace, finished, type Workspace } from "../support/workspace.ts";

const ACME = "acme";
const OTHER = "northwind-logistics";
const BROKEN = "0099_broken.sql";

interface Item {
  readonly task: string;
  readonly slug: string;
  readonly outcome: string;
  readonly code?: string;
}

describe.sequential("`tenantry maintain`", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    mkdirSync(join(workspace.root, "hooks"));
    const up = await workspace.tenantry(["up", "--platform", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  const sql = (text: string, values: readonly unknown[] = []) => query(environment.master.url, text, values);
  const parse = (stdout: string): { summary?: string; items: readonly Item[] } => {
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return { summary: last.summary, items: last.details?.items ?? [] };
  };
  const maintain = async (...words: string[]) => {
    const { code, stdout, stderr } = await workspace.tenantry(["maintain", "--json", ...words]);
    return { code, stdout, stderr, ...parse(stdout) };
  };
  const about = ({ items }: { items: readonly Item[] }, slug: string) =>
    items
      .filter((item) => item.slug === slug && !["backups", "pruning"].includes(item.task))
      .map(({ task, outcome, code }) => [task, outcome, ...(code === undefined ? [] : [code])]);
  const recordOf = async (slug: string) =>
    (
      await sql(
        "SELECT status, retries FROM identity.tenant WHERE slug = $1 ORDER BY provisioning_at DESC LIMIT 1",
        [slug],
      )
    )[0];
  /** As if so much time had passed since then. */
  const pass = (slug: string, column: string, interval: string) =>
    sql(
      `UPDATE identity.tenant SET ${column} = ${column} - $2::interval WHERE slug = $1 AND status <> 'purged'`,
      [slug, interval],
    );

  test("tries a failed provisioning again when its time has come, never sooner, and counts it", async () => {
    workspace.write(`migrations/tenant/${BROKEN}`, "SELECT 1 / 0;\n");
    const failed = await workspace.tenantry(["up", ACME]);
    expect(failed.stdout).toContain("E_MIGRATIONS_FAILED");
    expect(about(await maintain(), ACME)).toEqual([]);
    await pass(ACME, "provisioning_failed_at", "61 seconds");
    expect(about(await maintain("--dry-run"), ACME)).toEqual([["provisioning", "due"]]);
    expect(await recordOf(ACME)).toEqual({ status: "provisioning_failed", retries: 0 });
    const again = await maintain();
    expect(again.code).toBe(1);
    expect(about(again, ACME)).toEqual([["provisioning", "failed", "E_MIGRATIONS_FAILED"]]);
    expect(await recordOf(ACME)).toEqual({ status: "provisioning_failed", retries: 1 });
    await pass(ACME, "provisioning_failed_at", "61 seconds");
    expect(about(await maintain(), ACME)).toEqual([]);
  });

  test("by two at once does nothing twice: one provisions, the other leaves the tenant to it", async () => {
    workspace.remove(`migrations/tenant/${BROKEN}`);
    await pass(ACME, "provisioning_failed_at", "1 day");
    const both = await Promise.all([1, 2].map(() => finished(workspace.start(["maintain", "--json"]))));
    const outcomes = both.flatMap(({ stdout }) => about(parse(stdout), ACME));
    expect(outcomes.filter(([task, outcome]) => task === "provisioning" && outcome === "done")).toHaveLength(
      1,
    );
    expect(outcomes.filter(([, , code]) => code !== undefined && code !== "E_LOCKED")).toEqual([]);
    expect(await recordOf(ACME)).toEqual({ status: "active", retries: 2 });
    const provisioned = await sql(
      "SELECT count(*)::int AS rows FROM identity.tenant_audit WHERE slug = $1 AND event_type = 'TENANT_PROVISIONED'",
      [ACME],
    );
    expect(provisioned).toEqual([{ rows: 1 }]);
    const mails = await sql("SELECT attempts, sent_at IS NOT NULL AS sent FROM identity.outbox");
    expect(mails.filter(({ sent }) => sent)).toHaveLength(2);
    expect(mails.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test("leaves out a tenant that another run holds, says so, and ends in 5", async () => {
    workspace.write(
      "hooks/flaky.ts",
      'export const listener = { stopsOperation: false, onTenantUpdated: () => { throw new Error("away"); } };\n',
    );
    const entry = workspace.read(`tenants/${ACME}.yaml`);
    workspace.write(`tenants/${ACME}.yaml`, entry.replace(/displayName: .*/, "displayName: Acme Again"));
    expect(await workspace.tenantry(["up", ACME])).toMatchObject({ code: 0 });
    await sql("UPDATE identity.listener_call SET next_due_at = now()");
    workspace.write(
      "hooks/flaky.ts",
      "export const listener = { stopsOperation: false, onTenantUpdated: () => new Promise((resolve) => setTimeout(resolve, 5_000)) };\n",
    );
    const first = finished(workspace.start(["maintain", "--json"]));
    await expect
      .poll(async () => (await sql("SELECT attempts FROM identity.listener_call"))[0]?.attempts)
      .toBe(2);
    await sql("UPDATE identity.listener_call SET next_due_at = now()");
    const second = await maintain();
    expect(about(second, ACME)).toContainEqual(["listeners", "skipped", "E_LOCKED"]);
    expect(second.code).toBe(5);
    expect(about(parse((await first).stdout), ACME)).toContainEqual(["listeners", "done"]);
    expect(await sql("SELECT state, attempts FROM identity.listener_call")).toEqual([
      { state: "done", attempts: 2 },
    ]);
  });

  test("looks at every tenant and names what isn't well", async () => {
    const well = await maintain();
    expect(well, well.stdout).toMatchObject({ code: 0 });
    expect(about(well, OTHER)).toEqual([["health", "done"]]);
    const vault = secretClient(environment, environment.keyVault.url);
    await (await vault.beginDeleteSecret(`tenant-db-${OTHER}`)).pollUntilDone();
    const ill = await maintain();
    expect(ill.code).toBe(1);
    expect(about(ill, OTHER)).toEqual([["health", "failed", "E_UNREACHABLE"]]);
    expect(ill.stdout).toContain(`secret 'tenant-db-${OTHER}' is not there`);
    await (await vault.beginRecoverDeletedSecret(`tenant-db-${OTHER}`)).pollUntilDone();
  });

  test("purges what is deleted once retention is over and the entry still says so, and finishes a purge that was cut off", async () => {
    const others = tenantContents(await emptyContents(), await readCloudContents(environment));
    const entry = workspace.read(`tenants/${ACME}.yaml`);
    workspace.write(`tenants/${ACME}.yaml`, entry.replace("status: active", "status: deleted"));
    expect(await workspace.tenantry(["up", ACME])).toMatchObject({ code: 0 });
    expect(about(await maintain(), ACME)).toEqual([]);
    await pass(ACME, "deleted_at", "31 days");
    workspace.write(`tenants/${ACME}.yaml`, entry);
    expect(about(await maintain("--dry-run"), ACME)).toEqual([]);
    workspace.write(`tenants/${ACME}.yaml`, entry.replace("status: active", "status: deleted"));
    const killed = await workspace.tenantry(["maintain"], {
      TENANTRY_KILL_AT: "provider:Registration:purging",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(await recordOf(ACME)).toMatchObject({ status: "purging" });
    const finish = await maintain();
    expect(finish, finish.stdout).toMatchObject({ code: 0 });
    expect(about(finish, ACME)).toEqual([["purges", "done"]]);
    expect(await recordOf(ACME)).toMatchObject({ status: "purged" });
    const left = tenantContents(await emptyContents(), await readCloudContents(environment));
    expect(JSON.stringify(left)).not.toContain(ACME);
    expect(left.databases).toEqual(others.databases.filter((name) => !name.includes(ACME)));
    expect(about(await maintain(), ACME)).toEqual([]);
  });
});

async function emptyContents() {
  return { databases: [], roles: [], secrets: [], recordSets: [], domains: [], routes: [] };
}
