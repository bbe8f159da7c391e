import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { armClients } from "../../src/edge/armClients.ts";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { type Environment, query, secretClient } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const OTHER = "northwind-logistics";
const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
const ZONE = "local.tenantry.test";

describe.sequential("`tenantry repair`", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", "acme", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  const repair = async (...words: string[]) => {
    const { code, stdout, stderr } = await workspace.tenantry(["repair", "acme", "--json", ...words]);
    const last = JSON.parse(stdout.trim().split("\n").at(-1) || "{}");
    return { code, stdout: stdout + stderr, details: last.details };
  };
  const admin = async () =>
    (await secretClient(environment, environment.platformVault.url).getSecret("server-db-01-admin")).value ??
    "";
  const expectMended = async () => {
    const mended = await repair("--yes");
    expect(mended, mended.stdout).toMatchObject({ code: 0, details: { isDone: true } });
    expect(await repair()).toMatchObject({ code: 0, details: { cure: "nothing", divergences: [] } });
    const preview = await workspace.tenantry(["preview", "acme", "--exit-code", "--refresh"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
  };

  test("says that all agrees of a whole tenant, and touches nothing", async () => {
    const before = await readCloudContents(environment);
    expect(await repair()).toMatchObject({ code: 0, details: { cure: "nothing", divergences: [] } });
    expect(await repair("--yes")).toMatchObject({ code: 0, details: { isDone: false } });
    expect(await readCloudContents(environment)).toEqual(before);
  });

  test("names what was taken away by hand, place by place, and brings it back with --yes", async () => {
    const before = await readCloudContents(environment);
    const { dns } = await armClients(SUBSCRIPTION);
    await dns.recordSets.delete("tenantry-local", ZONE, "acme", "CNAME");
    await (
      await secretClient(environment, environment.keyVault.url).beginDeleteSecret("tenant-db-acme")
    ).pollUntilDone();
    await query(await admin(), "REVOKE CONNECT ON DATABASE tenant_acme FROM tenant_acme_owner");
    const found = await repair();
    expect(found.code, found.stdout).toBe(0);
    expect(found.details).toMatchObject({ cure: "apply", isDone: false });
    expect(found.details.divergences).toEqual(
      expect.arrayContaining([
        { place: "secret", what: "secret 'tenant-db-acme' is not there", cure: "made anew" },
        { place: "DNS", what: `CNAME 'acme.${ZONE}' is not there`, cure: "made anew" },
        expect.objectContaining({ place: "database" }),
      ]),
    );
    await expectMended();
    expect(await readCloudContents(environment)).toEqual(before);
  });

  test("takes a lost state's resources over again where they bear the marker", async () => {
    const before = await readCloudContents(environment);
    const removed = await workspace.tenantry([
      "pulumi",
      "--",
      "stack",
      "rm",
      "local.acme",
      "--force",
      "--yes",
    ]);
    expect(removed, removed.stdout + removed.stderr).toMatchObject({ code: 0 });
    const found = await repair();
    expect(found.details.divergences).toContainEqual(
      expect.objectContaining({ place: "state", what: "it doesn't hold 'acme-database'" }),
    );
    await expectMended();
    expect(await readCloudContents(environment)).toEqual(before);
  });

  test("never touches what isn't provably its own, and never makes an empty database in the place of a lost one", async () => {
    const url = await admin();
    const [row] = await query(
      url,
      "SELECT shobj_description(oid, 'pg_database') AS marker FROM pg_database WHERE datname = 'tenant_acme'",
    );
    await query(url, "COMMENT ON DATABASE tenant_acme IS 'somebody else'");
    const strange = await repair("--yes");
    expect(strange.code).toBe(3);
    expect(strange.stdout).toContain("E_PARTIAL_STATE");
    expect(strange.stdout).toContain("database 'tenant_acme' on 'db-01' is there without the marker");
    await query(url, `COMMENT ON DATABASE tenant_acme IS '${row?.marker}'`);
    await query(url, "ALTER DATABASE tenant_acme RENAME TO put_away");
    const lost = await repair("--yes");
    expect(lost.code).toBe(3);
    expect(lost.stdout).toContain("restore it from a backup");
    expect(await query(url, "SELECT FROM pg_database WHERE datname = 'tenant_acme'")).toEqual([]);
    await query(url, "ALTER DATABASE put_away RENAME TO tenant_acme");
    expect(await repair()).toMatchObject({ details: { cure: "nothing" } });
  });

  test("`--rebuild-master` writes the records that markers and entries prove, with the statuses that roles show", async () => {
    const rows = () =>
      query(
        environment.master.url,
        `SELECT t.id, t.slug, t.stack, t.status, t.server, t.database_name, t.hosts, t.plan, t.display_name, t.settings, o.name
           FROM identity.tenant t JOIN identity.organization o USING (id) ORDER BY t.slug`,
      );
    expect((await workspace.tenantry(["suspend", OTHER, "--reason", "unpaid"])).code).toBe(0);
    const before = await rows();
    expect(before).toHaveLength(2);
    await query(environment.master.url, "TRUNCATE identity.tenant CASCADE");
    await query(environment.master.url, "DELETE FROM identity.organization WHERE NOT is_main");
    expect((await repair()).details).toMatchObject({ cure: "refused" });
    const rebuild = async (...words: string[]) => {
      const { code, stdout } = await workspace.tenantry(["repair", "--rebuild-master", "--json", ...words]);
      const { details } = JSON.parse(stdout.trim().split("\n").at(-1) || "{}");
      return { code, outcomes: details?.tenants.map((each: { outcome: string }) => each.outcome) };
    };
    expect(await rebuild()).toEqual({ code: 0, outcomes: ["lost", "lost"] });
    expect(await rows()).toEqual([]);
    expect(await rebuild("--yes")).toEqual({ code: 0, outcomes: ["rebuilt", "rebuilt"] });
    expect(await rows()).toEqual(before);
    expect(await rebuild("--yes")).toEqual({ code: 0, outcomes: ["known", "known"] });
    const up = await workspace.tenantry(["up", "acme", OTHER]);
    expect(up, up.stdout).toMatchObject({ code: 0 });
    const preview = await workspace.tenantry(["preview", "acme", OTHER, "--exit-code"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
  });

  test("finishes a purge that was cut off, and nothing of the other tenant changes", async () => {
    const other = async () =>
      query(environment.master.url, "SELECT to_jsonb(t) AS row FROM identity.tenant t WHERE slug = $1", [
        OTHER,
      ]);
    const before = await other();
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted\npurge: acme"));
    expect((await workspace.tenantry(["up", "acme"])).code).toBe(0);
    const cut = await workspace.tenantry(["destroy", "acme"], {
      TENANTRY_KILL_AT: "provider:Database:database dropped",
    });
    expect(cut.signal).toBe("SIGKILL");
    expect(await repair()).toMatchObject({ details: { cure: "finish purge" } });
    const mended = await repair("--yes");
    expect(mended, mended.stdout).toMatchObject({ code: 0, details: { isDone: true } });
    const contents = await readCloudContents(environment);
    expect(JSON.stringify(contents)).not.toContain("acme");
    expect(await other()).toEqual(before);
  });
});
