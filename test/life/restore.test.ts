import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withConnection } from "../../src/postgres/index.ts";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import {
  type Environment,
  loginRefusal,
  onDatabase,
  query,
  secretClient,
  tenantUrl,
} from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";
import { contentsOf } from "../transfer/support.ts";

/** What a dump easily loses, beside the project's own tables. */
const ODD_MIGRATION = `CREATE SCHEMA "Odd schema";
CREATE TABLE "Odd schema"."a ""b"" c" (id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5), word text,
  twice bigint GENERATED ALWAYS AS (id * 2) STORED);
CREATE SEQUENCE app.counter START 7;
CREATE TABLE app.guarded (who text); ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.guarded USING (who = current_user);
CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) AS n FROM app.patient;
GRANT SELECT ON app.patient TO PUBLIC; REVOKE EXECUTE ON FUNCTION app.touch() FROM PUBLIC;
`;
const ROWS = `INSERT INTO app.practitioner (full_name, speciality, license_no) SELECT 'Dr ' || n, 'GP', 'L' || n FROM generate_series(1, 20) n;
INSERT INTO app.patient (full_name, born_on) SELECT E'Pat\\t' || n || E'\\n\\\\', '1990-01-01' FROM generate_series(1, 500) n;
INSERT INTO "Odd schema"."a ""b"" c" (word) VALUES ('x'), (NULL), ('\\N');
INSERT INTO app.guarded VALUES ('somebody else');
SELECT nextval('app.counter'), nextval('app.counter');
REFRESH MATERIALIZED VIEW app.totals`;
const LOSS = `DELETE FROM app.patient; DROP TABLE app.guarded; ALTER SEQUENCE app.counter RESTART`;

describe.sequential("`tenantry restore`", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let url: string;
  let before: Record<string, unknown>;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.write("migrations/tenant/0004_odd.sql", ODD_MIGRATION);
    const entry = "adminEmail: admin@globex.example\nenvironments: [local]\nstatus: active\nserver: db-01\n";
    workspace.write("tenants/globex.yaml", `displayName: Globex\n${entry}`);
    await run(["up", "--platform", "acme", "globex"]);
    cloud = await enterCloud(workspace);
    url = await tenantUrl(cloud, "acme");
    await query(url, ROWS);
    await query(url, "ALTER DATABASE tenant_acme SET search_path = app, public");
    before = await contents();
    await run(["dump", "acme", "--file", "acme.tar.gz"]);
    await run(["dump", "globex", "--file", "globex.tar.gz"]);
  });
  afterAll(() => workspace.dispose());

  const run = async (argv: readonly string[], env: Record<string, string> = {}) => {
    const result = await workspace.tenantry(argv, env);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result;
  };
  const contents = (at = url) =>
    withConnection(at, { applicationName: "test" }, (client) => contentsOf(client, "tenant_acme_owner"));
  const inMaster = (sql: string) => query(cloud.master.url, sql);
  const status = async () =>
    (await inMaster("SELECT status FROM identity.tenant WHERE slug = 'acme' AND status <> 'purged'"))[0]
      ?.status;
  const serverUrl = async () =>
    (await secretClient(cloud, cloud.platformVault.url).getSecret("server-db-01-admin")).value ?? "";
  const workDatabases = async () =>
    (
      await query(
        await serverUrl(),
        "SELECT datname, datallowconn FROM pg_database WHERE datname ~ '^tenantry_(new|check|restore|old)_'",
      )
    ).map(({ datname, datallowconn }) => [String(datname).replace(/_[0-9a-f]{32}$/, ""), datallowconn]);
  /** Rows of the tenant's own tables; `tenantry` has invitations, which a new life has of its own. */
  const ownTables = (all: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("tenantry.")));
  const noDifference = async () => {
    expect((await workspace.tenantry(["preview", "acme", "--exit-code"])).code).toBe(0);
    const refreshed = await workspace.tenantry(["preview", "acme", "--refresh", "--exit-code"]);
    expect(refreshed, refreshed.stdout).toMatchObject({ code: 0 });
  };

  test("everything is as it was when the dump was taken, and nothing is left to do", async () => {
    const cloudBefore = await readCloudContents(cloud);
    await query(url, LOSS);
    const restored = await run(["restore", "acme", "--file", "acme.tar.gz", "--json"]);
    const { details } = JSON.parse(restored.stdout.trim().split("\n").at(-1) ?? "");
    expect(details).toMatchObject({ database: "tenant_acme", isCompared: true, isNewLife: false });
    expect(await contents()).toEqual(before);
    await noDifference();
    expect(await query(url, "SHOW search_path")).toEqual([{ search_path: "app, public" }]);
    const cloudAfter = await readCloudContents(cloud);
    const isOld = (name: string) => name.includes("tenantry_old_");
    expect({ ...cloudAfter, databases: cloudAfter.databases.filter((name) => !isOld(name)) }).toEqual(
      cloudBefore,
    );
    // The one before is kept, closed to everybody.
    expect(await workDatabases()).toEqual([["tenantry_old", false]]);
    expect(await loginRefusal(onDatabase(url, details.kept.name))).toBe("55000");
    const audit = await inMaster(
      "SELECT details->>'database' AS name FROM identity.tenant_audit WHERE event_type = 'TENANT_RESTORED'",
    );
    expect(audit).toEqual([{ name: "tenant_acme" }]);
  });

  test("no other role may connect to what was restored (F19), and it bears the tenant's marker", async () => {
    const globex = await tenantUrl(cloud, "globex");
    expect(await loginRefusal(onDatabase(globex, "tenant_acme"))).toBe("42501");
    const [row] = await query(
      await serverUrl(),
      "SELECT shobj_description(oid, 'pg_database') AS marker, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'tenant_acme'",
    );
    expect(row).toEqual({
      marker: expect.stringMatching(/^tenantry:local\.acme:acme:/),
      owner: "tenant_acme_owner",
    });
  });

  test("a backup from before a migration gets the migration before anybody sees it", async () => {
    workspace.write("migrations/tenant/0005_later.sql", "CREATE TABLE app.later (id int);\n");
    await run(["up", "acme", "globex"]);
    await query(url, LOSS);
    await run(["restore", "acme", "--file", "acme.tar.gz"]);
    expect(
      await query(
        url,
        "SELECT to_regclass('app.later') IS NOT NULL AS is_there, (SELECT count(*)::int FROM app.patient) AS n",
      ),
    ).toEqual([{ is_there: true, n: 500 }]);
    await noDifference();
  });

  describe("killed at", () => {
    test.each([
      ["restore:restored", 0],
      ["restore:compared", 0],
      ["restore:ready", 0],
      ["restore:switched", 500],
      ["restore:seeded", 500],
      ["restore:applied", 500],
    ])("%s it finished or did not happen, and the same again finishes it", async (point, patients) => {
      await query(url, "DELETE FROM app.patient");
      const killed = await workspace.tenantry(["restore", "acme", "--file", "acme.tar.gz"], {
        TENANTRY_KILL_AT: point,
      });
      expect(killed.signal, killed.stdout).toBe("SIGKILL");
      expect(await query(url, "SELECT count(*)::int AS n FROM app.patient")).toEqual([{ n: patients }]);
      await run(["restore", "acme", "--file", "acme.tar.gz"]);
      expect(await query(url, "SELECT count(*)::int AS n FROM app.patient")).toEqual([{ n: 500 }]);
      expect(await workDatabases()).toEqual([["tenantry_old", false]]);
    });

    test("any of them leaves a stack without a difference in the end", noDifference);
  });

  test("whoever works with the tenant meanwhile finds the old data or the new, and never a database that is missing for good", async () => {
    const restoring = workspace.start(["restore", "acme", "--file", "acme.tar.gz"]);
    const ended = new Promise<number | null>((resolve) => restoring.once("close", resolve));
    let isOver = false;
    void ended.then(() => (isOver = true));
    const refusals: string[] = [];
    while (!isOver) {
      const refusal = await loginRefusal(url);
      if (refusal !== undefined) refusals.push(refusal);
    }
    expect(await ended).toBe(0);
    // Cut off, or came while the name changed hands: once, and the next try works.
    expect(refusals.filter((code) => !["57P01", "3D000"].includes(code))).toEqual([]);
    expect(refusals.length).toBeLessThan(5);
  });

  test("a suspended tenant stays suspended", async () => {
    const text = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", text.replace("status: active", "status: suspended"));
    await run(["up", "acme"]);
    await run(["restore", "acme", "--file", "acme.tar.gz"]);
    expect(await status()).toBe("suspended");
    expect(await loginRefusal(url)).toMatch(/^(28000|42501)$/);
    await noDifference();
    workspace.write("tenants/acme.yaml", text);
    await run(["up", "acme"]);
    expect(ownTables(await contents())).toMatchObject(ownTables(before));
  });

  describe("is refused and changes nothing", () => {
    const refused = async (argv: readonly string[], code: number, words: string) => {
      const result = await workspace.tenantry(["restore", ...argv]);
      expect({ code: result.code, text: result.stdout + result.stderr }).toEqual({
        code,
        text: expect.stringContaining(words),
      });
      expect(await query(url, "SELECT count(*)::int AS n FROM app.patient")).toEqual([{ n: 500 }]);
    };

    test("a backup of another tenant, unless its database is named", async () => {
      await refused(
        ["acme", "--file", "globex.tar.gz"],
        3,
        "E_CONFIRM: Restore of tenant 'acme' into 'tenant_acme': the backup is of database 'tenant_globex' of tenant 'globex'; expected `--from-database tenant_globex`, got none.",
      );
      await refused(["acme", "--file", "globex.tar.gz", "--from-database", "tenant_other"], 3, "E_CONFIRM");
    });
    test("another database than the tenant's", () =>
      refused(
        ["acme", "--file", "acme.tar.gz", "--database", "tenant_other"],
        3,
        "E_IMMUTABLE: Tenant 'acme': its database is 'tenant_acme' and never changes",
      ));
    test("a file that is no backup, or isn't there", async () => {
      writeFileSync(join(workspace.root, "words.txt"), "words");
      await refused(["acme", "--file", "words.txt"], 1, "E_BACKUP_FAILED: Backup of tenant 'acme': '");
      await refused(["acme", "--file", "nothing.tar.gz"], 1, "E_BACKUP_FAILED");
    });
    test("a migration that fails on the restored data", async () => {
      workspace.write("migrations/tenant/0006_fails.sql", "SELECT 1 / 0;\n");
      await refused(["acme", "--file", "acme.tar.gz"], 1, "E_MIGRATIONS_FAILED");
      workspace.remove("migrations/tenant/0006_fails.sql");
    });
  });

  test("another tenant's backup comes in where its database is named", async () => {
    await run([
      "restore",
      "globex",
      "--file",
      "acme.tar.gz",
      "--from-database",
      "tenant_acme",
      "--database",
      "tenant_globex",
    ]);
    const globex = await tenantUrl(cloud, "globex");
    expect(await query(globex, "SELECT count(*)::int AS n FROM app.patient")).toEqual([{ n: 500 }]);
    expect(await query(globex, "SELECT email FROM tenantry.admin")).toEqual([
      { email: "admin@globex.example" },
    ]);
    const preview = await workspace.tenantry(["preview", "globex", "--exit-code"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
  });

  test("a purged slug gets a new life with the data of the old one (F39)", async () => {
    const text = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", text.replace("status: active", "status: deleted"));
    await run(["up", "acme"]);
    await run(["destroy", "acme", "--purge", "--confirm", "acme"]);
    // Only the other tenant's: what was kept of this one went with it.
    expect(await workDatabases()).toEqual([["tenantry_old", false]]);
    workspace.write("tenants/acme.yaml", text);
    await run(["restore", "acme", "--file", "acme.tar.gz"]);
    url = await tenantUrl(cloud, "acme");
    expect(ownTables(await contents())).toMatchObject(ownTables(before));
    expect(
      await inMaster("SELECT status FROM identity.tenant WHERE slug = 'acme' ORDER BY provisioning_at"),
    ).toEqual([{ status: "purged" }, { status: "active" }]);
    await noDifference();
  });
});
