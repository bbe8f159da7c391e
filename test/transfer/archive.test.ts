import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  migrate,
  observeDatabase,
  parseMigrationFile,
  type ServerAdmin,
  setTenantAccess,
  type TemplateContent,
  type TenantDatabase,
  withTransaction,
} from "../../src/postgres/index.ts";
import { listGrants } from "../../src/transfer/contents.ts";
import {
  describeSchema,
  restoreBackup,
  schemaDifferences,
  takeBackup,
  verifyBackup,
} from "../../src/transfer/index.ts";
import { closeAdmin, makeRole, openAdmin, query, tenantUrl, thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { contentsOf, inside, makeTenant, requestFor, tenantContent, workDatabases } from "./support.ts";

let [here, there]: TestPostgres[] = [];
let admin: ServerAdmin;
let otherAdmin: ServerAdmin;
let content: TemplateContent;
let root: string;

beforeAll(async () => {
  [here, there] = await Promise.all([startTestPostgres(), startTestPostgres()]);
  admin = await openAdmin(here!.adminUrl);
  otherAdmin = await openAdmin(there!.adminUrl);
  content = await tenantContent();
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tenantry-backup-"));
  return () => rm(root, { recursive: true });
});

afterAll(async () => {
  await closeAdmin(admin);
  await closeAdmin(otherAdmin);
  await Promise.all([here?.stop(), there?.stop()]);
});

const target = (tenant: TenantDatabase) => ({
  admin: otherAdmin,
  tenantId: tenant.marker.tenantId,
  database: tenant.database,
  role: tenant.role,
});

describe("an archive", () => {
  test("restored on another server is the same: rows, sequences, owners, grants, schema", async () => {
    const tenant = await makeTenant(admin, "whole", content);
    for (const server of [admin, otherAdmin])
      await server.client.query("CREATE ROLE analyst; GRANT analyst TO CURRENT_USER WITH SET TRUE");
    await query(
      tenantUrl(admin.url, tenant),
      `GRANT USAGE ON SCHEMA app TO analyst WITH GRANT OPTION; GRANT SELECT ON app.visit, app.totals TO analyst;
       GRANT SELECT (full_name), UPDATE (email) ON app.patient TO analyst; GRANT USAGE ON SEQUENCE app.counter TO PUBLIC;
       REVOKE DELETE ON app.visit FROM CURRENT_USER; GRANT EXECUTE ON FUNCTION app.touch() TO analyst; REVOKE USAGE ON TYPE app.mail FROM PUBLIC`,
    );
    const backup = await takeBackup(requestFor(admin, tenant, content, root));
    await makeRole(otherAdmin.client, tenant);
    await restoreBackup("whole", backup, { ...target(tenant), comment: "tenantry:restored" });

    const [before, after] = await Promise.all(
      [admin, otherAdmin].map((one) => inside(one, tenant, (client) => contentsOf(client, tenant.role))),
    );
    expect(after).toEqual(before);
    expect((before as { owners: unknown }).owners).toEqual([{ is_role: true }]);
    const [schemas, grants] = await Promise.all(
      [describeSchema, listGrants].map((list) =>
        Promise.all(
          [admin, otherAdmin].map((one) =>
            inside(one, tenant, (client) =>
              withTransaction(client, async () => {
                await client.query("SET LOCAL search_path = ''");
                return [...(await list(client, tenant.role))];
              }),
            ),
          ),
        ),
      ),
    );
    expect(grants?.[1]).toEqual(grants?.[0]);
    expect(schemaDifferences((schemas?.[1] ?? []) as string[], (schemas?.[0] ?? []) as string[])).toEqual([]);
    expect(await observeDatabase(otherAdmin.client, tenant.database)).toMatchObject({
      owner: tenant.role,
      comment: "tenantry:restored",
      isOpenToPublic: false,
    });
    expect(
      await query(tenantUrl(otherAdmin.url, tenant), "SELECT count(*)::int AS n FROM app.patient"),
    ).toEqual([{ n: 500 }]);
    expect([...(await workDatabases(admin)), ...(await workDatabases(otherAdmin))]).toEqual([]);
  });

  test("is one private file with its name, readable with tar, and verified by reading it again", async () => {
    const tenant = await makeTenant(admin, "file", content);
    const backup = await takeBackup(requestFor(admin, tenant, content, root));
    const path = join(root, "backups/file/20261121T120000Z-final.tar.gz");
    expect(backup).toEqual({
      location: `file://${path}`,
      format: "archive",
      sizeBytes: (await stat(path)).size,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      takenAt: new Date("2026-11-21T12:00:00.123Z"),
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, "backups/file"))).toEqual(["20261121T120000Z-final.tar.gz"]);
    await verifyBackup("file", backup);
    const { stdout } = await promisify(execFile)("tar", ["tzf", path]);
    const names = stdout.trim().split("\n");
    expect(names.slice(0, 6)).toEqual([
      "head.json",
      "base.sql",
      "migrations/0001_patients.sql",
      "migrations/0002_visits.sql",
      "migrations/0003_reporting.sql",
      "migrations/0004_awkward.sql",
    ]);
    expect(names.at(-1)).toBe("manifest.json");
    expect(names.filter((name) => name.startsWith("data/")).length).toBeGreaterThan(15);
  });

  test("is of one moment: rows written while it is taken are not in it", async () => {
    const tenant = await makeTenant(admin, "moment", content);
    const writer = await openAdmin(tenantUrl(admin.url, tenant));
    // The dump waits for this lock after its snapshot was taken.
    await writer.client.query("BEGIN; LOCK TABLE app.visit IN ACCESS EXCLUSIVE MODE");
    const taking = takeBackup(requestFor(admin, tenant, content, root));
    await untilBlocked();
    await query(
      tenantUrl(admin.url, tenant),
      "INSERT INTO app.practitioner (full_name, speciality, license_no) VALUES ('late', 'x', 'late')",
    );
    await writer.client.query("COMMIT");
    await closeAdmin(writer);
    const backup = await taking;
    await makeRole(otherAdmin.client, tenant);
    await restoreBackup("moment", backup, target(tenant));
    expect(
      await query(tenantUrl(otherAdmin.url, tenant), "SELECT count(*)::int AS n FROM app.practitioner"),
    ).toEqual([{ n: 20 }]);
  });

  test("can be taken of a suspended tenant, and of one behind the newest files", async () => {
    const tenant = await makeTenant(admin, "asleep", content);
    await setTenantAccess(admin.client, tenant, false);
    const newer = {
      ...content,
      files: [...content.files, parseMigrationFile("0005_x.sql", "CREATE TABLE app.x ()")],
    };
    await verifyBackup("asleep", await takeBackup(requestFor(admin, tenant, newer, root)));
    await inside(admin, tenant, (client) => migrate(client, newer.files, { role: tenant.role }));
    await verifyBackup(
      "asleep",
      await takeBackup(requestFor(admin, tenant, newer, root, { now: new Date("2026-11-22T00:00:00Z") })),
    );
  });
});

describe("a restore", () => {
  test("over an existing database is refused and touches nothing", async () => {
    const tenant = await makeTenant(admin, "exists", content);
    const backup = await takeBackup(requestFor(admin, tenant, content, root));
    const error = await thrownBy(restoreBackup("exists", backup, { ...target(tenant), admin }));
    expect([error.code, error.message]).toEqual([
      "E_PARTIAL_STATE",
      "Restore of tenant 'exists': database 'tenant_exists' exists; expected none of that name.",
    ]);
  });

  test("that needs a role the server lacks says so and leaves nothing", async () => {
    await admin.client.query("CREATE ROLE only_here; GRANT only_here TO CURRENT_USER WITH SET TRUE");
    const tenant = await makeTenant(admin, "granted", content);
    await query(tenantUrl(admin.url, tenant), "GRANT USAGE ON SCHEMA app TO only_here");
    const backup = await takeBackup(requestFor(admin, tenant, content, root));
    await makeRole(otherAdmin.client, tenant);
    const error = await thrownBy(restoreBackup("granted", backup, target(tenant)));
    expect([error.code, error.message]).toEqual([
      "E_BACKUP_FAILED",
      "Backup of tenant 'granted': role \"only_here\" does not exist.",
    ]);
    expect(await observeDatabase(otherAdmin.client, tenant.database)).toBeUndefined();
    expect(await workDatabases(otherAdmin)).toEqual([]);
  });
});

async function untilBlocked(): Promise<void> {
  for (;;) {
    const { rows } = await admin.client.query(
      "SELECT FROM pg_stat_activity WHERE datname = 'tenant_moment' AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
