import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { readFootprint } from "../support/footprint.ts";
import {
  type Environment,
  loginRefusal,
  onDatabase,
  query,
  secretClient,
  tenantUrl,
} from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

const ENTRY = "tenants/acme.yaml";
const OPEN_KEYS = "SELECT name FROM tenantry.api_key WHERE name = 'own' AND suspended_at IS NULL";
const OTHER = "northwind-logistics";

describe.sequential("the verbs that change a tenant's status", () => {
  let workspace: Workspace;
  let environment: Environment;
  let active: string;
  let url: string;
  let other: object;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
    active = workspace.read(ENTRY);
    url = await tenantUrl(environment, "acme");
    other = await readFootprint(environment, OTHER);
  });
  afterAll(() => workspace.dispose());

  const events = async () =>
    (
      await query(
        environment.master.url,
        "SELECT event_type AS event, details->>'reason' AS reason FROM identity.tenant_audit WHERE slug = 'acme' AND event_type <> 'TENANT_BACKED_UP' ORDER BY id",
      )
    ).map(({ event, reason }) => (reason === null ? event : `${event} ${reason}`));
  const record = async () =>
    (
      await query(
        environment.master.url,
        "SELECT status, status_reason AS reason FROM identity.tenant WHERE slug = 'acme'",
      )
    )[0];

  test("`suspend` writes the entry, shuts the role out and ends its sessions", async () => {
    await query(url, "INSERT INTO tenantry.api_key (name, secret_hash) VALUES ('own', 'hash')");
    const run = await workspace.tenantry(["suspend", "acme", "--reason", "unpaid since May", "--json"]);
    expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
    expect(lastLine(run).details).toMatchObject({ status: "suspended", file: ENTRY, isEntryChanged: true });
    expect(workspace.read(ENTRY)).toBe(
      active.replace("status: active\n", 'status: suspended\nsuspendReason: "unpaid since May"\n'),
    );
    expect(await loginRefusal(url)).toBe("28000");
    expect(await record()).toEqual({ status: "suspended", reason: "unpaid since May" });
    expect((await events()).at(-1)).toBe("TENANT_SUSPENDED unpaid since May");
    expect(await query(await asAdmin(environment, "acme"), OPEN_KEYS)).toEqual([]);
  });

  test("is done by an admin that is no superuser, and the other tenant's role never reaches the database (F18, F19)", async () => {
    const [admin] = await query(
      await asAdmin(environment, "acme"),
      "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    );
    expect(admin).toEqual({ rolsuper: false, rolcreatedb: true, rolcreaterole: true });
    const theirs = new URL(await tenantUrl(environment, OTHER));
    const { host } = new URL(url);
    theirs.host = host;
    // Where both are on one server it may log in there, and still not into this database.
    expect(["42501", "28P01"]).toContain(await loginRefusal(onDatabase(theirs.href, "tenant_acme")));
  });

  test("again says that it is so, and writes no row", async () => {
    const before = await events();
    const run = await workspace.tenantry(["suspend", "acme"]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain(`${ENTRY} says so already, no changes`);
    expect(await events()).toEqual(before);
  });

  test("`delete` of a suspended tenant takes the final backup, and `undelete` brings it back suspended with its reason and data", async () => {
    const text = workspace.read(ENTRY);
    const gone = await workspace.tenantry(["delete", "acme"]);
    expect(gone, gone.stdout + gone.stderr).toMatchObject({ code: 0 });
    expect(workspace.read(ENTRY)).toBe(active.replace("status: active", "status: deleted"));
    expect(await record()).toEqual({ status: "deleted", reason: null });
    const refused = await workspace.tenantry(["resume", "acme"]);
    expect(refused.stdout).toContain("E_ILLEGAL_TRANSITION");
    expect(refused.stdout).toContain("`tenantry undelete acme`");
    expect(refused.code).toBe(3);
    const back = await workspace.tenantry(["undelete", "acme"]);
    expect(back, back.stdout + back.stderr).toMatchObject({ code: 0 });
    expect(workspace.read(ENTRY)).toBe(text);
    expect(await record()).toEqual({ status: "suspended", reason: "unpaid since May" });
    expect(await loginRefusal(url)).toBe("28000");
  });

  test("`resume` gives the entry back byte for byte, and the tenant its login", async () => {
    const run = await workspace.tenantry(["resume", "acme"]);
    expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
    expect(workspace.read(ENTRY)).toBe(active);
    expect(await loginRefusal(url)).toBeUndefined();
    expect(await query(url, OPEN_KEYS)).toEqual([{ name: "own" }]);
    expect(await events()).toEqual([
      "TENANT_RESERVED",
      "TENANT_PROVISIONED",
      "TENANT_SUSPENDED unpaid since May",
      "TENANT_DELETING",
      "TENANT_DELETED",
      "TENANT_UNDELETED unpaid since May",
      "TENANT_RESUMED",
    ]);
  });

  test("killed after the entry was written, the same command goes on; while another run holds the tenant it touches nothing", async () => {
    const killed = await workspace.tenantry(["suspend", "acme"], {
      TENANTRY_KILL_AT: "status:entry written",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(workspace.read(ENTRY)).toContain("status: suspended");
    expect(await record()).toMatchObject({ status: "active" });
    const next = await workspace.tenantry(["suspend", "acme"]);
    expect(next, next.stdout + next.stderr).toMatchObject({ code: 0 });
    expect(await record()).toMatchObject({ status: "suspended" });
    const both = await Promise.all([
      workspace.tenantry(["resume", "acme"]),
      workspace.tenantry(["resume", "acme"]),
    ]);
    const codes = both.map(({ code }) => code).sort();
    expect([[0, 0].join(), [0, 5].join()]).toContain(codes.join());
    expect(await record()).toMatchObject({ status: "active" });
  });

  test("a refused run that touched nothing puts the entry back; a slug without a record is refused by name", async () => {
    const renamed = `${active}database: another_name\n`;
    workspace.write(ENTRY, renamed);
    const wrong = await workspace.tenantry(["suspend", "acme"]);
    expect(wrong.stdout).toContain("E_IMMUTABLE");
    expect(wrong.stdout).toContain(`Nothing was touched, and ${ENTRY} is as it was.`);
    expect(wrong.code).toBe(3);
    expect(workspace.read(ENTRY)).toBe(renamed);
    expect(await record()).toMatchObject({ status: "active" });
    workspace.write(ENTRY, active);
    const missing = await workspace.tenantry(["suspend", "brightsmile-dental"]);
    expect(missing.stdout).toContain(
      "E_ILLEGAL_TRANSITION: Tenant 'brightsmile-dental' has no record in master",
    );
    expect(missing.code).toBe(3);
  });

  test("nothing of another tenant has changed", async () => {
    expect(await readFootprint(environment, OTHER)).toEqual(other);
  });
});

/** The tenant's database as its server's admin sees it, who may connect while the tenant is suspended. */
async function asAdmin(environment: Environment, slug: string): Promise<string> {
  const [record] = await query(
    environment.master.url,
    "SELECT server, database_name AS database FROM identity.tenant WHERE slug = $1 AND status <> 'purged'",
    [slug],
  );
  const vault = secretClient(environment, environment.platformVault.url);
  const { value = "" } = await vault.getSecret(`server-${record?.server}-admin`);
  return onDatabase(value, String(record?.database));
}

/** The last line of `--json`. */
function lastLine({ stdout }: CommandResult): { details?: object } {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
}
