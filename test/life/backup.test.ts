import { existsSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { type Environment, onDatabase, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

interface BackupJson {
  readonly id: string;
  readonly location: string;
  readonly kind: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly deletedAfter: string | null;
}

describe.sequential("`tenantry dump` and `tenantry backup`", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let acmeUrl: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.write(
      "tenants/globex.yaml",
      "displayName: Globex\nadminEmail: admin@globex.example\nenvironments: [local]\nstatus: active\n",
    );
    const up = await workspace.tenantry(["up", "--platform", "acme", "globex"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    cloud = await enterCloud(workspace);
    acmeUrl = await tenantUrl(cloud, "acme");
    await query(
      acmeUrl,
      `INSERT INTO app.practitioner (full_name, speciality, license_no) SELECT 'Dr ' || n, 'GP', 'L' || n FROM generate_series(1, 30) n;
       INSERT INTO app.patient (full_name, born_on) SELECT E'Pat\\t' || n, '1990-01-01' FROM generate_series(1, 900) n`,
    );
  });
  afterAll(() => workspace.dispose());

  const inMaster = (sql: string, values: readonly unknown[] = []) => query(cloud.master.url, sql, values);
  const json = async (argv: readonly string[], env: Record<string, string> = {}) => {
    const result = await workspace.tenantry([...argv, "--json"], env);
    const last = result.stdout.trim().split("\n").at(-1) ?? "";
    return { ...result, details: last === "" ? undefined : JSON.parse(last).details };
  };
  const list = async (slug: string): Promise<BackupJson[]> => {
    const { code, stdout, stderr } = await workspace.tenantry(["backup", "list", slug, "--json"]);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const audited = async (event: string) =>
    (await inMaster("SELECT slug FROM identity.tenant_audit WHERE event_type = $1", [event])).map(
      ({ slug }) => slug,
    );
  const serverUrl = async () =>
    (await secretClient(cloud, cloud.platformVault.url).getSecret("server-db-01-admin")).value ?? "";
  const scratchDatabases = async () =>
    query(
      await serverUrl(),
      "SELECT datname FROM pg_database WHERE datname ~ '^tenantry_(check|restore|old)_'",
    );

  test("a backup is a whole file in the environment's folder with a row, and nothing of another tenant changes", async () => {
    const before = await readCloudContents(cloud);
    const { code, stdout, stderr, details } = await json(["backup", "acme"]);
    expect(code, stdout + stderr).toBe(0);
    expect(await list("acme")).toEqual([details]);
    expect(details).toMatchObject({ kind: "manual", format: "archive", deletedAfter: null });
    const path = fileURLToPath(details.location);
    expect(path.startsWith(join(workspace.root, ".tenantry/backups/acme/"))).toBe(true);
    expect(readFileSync(path).length).toBe(details.sizeBytes);
    expect(await audited("TENANT_BACKED_UP")).toEqual(["acme"]);
    expect(await readCloudContents(cloud)).toEqual(before);
    expect(await list("globex")).toEqual([]);
  });

  test("`verify` restores the newest into a scratch database, compares and leaves nothing", async () => {
    const [newest] = await list("acme");
    const { code, details, stdout } = await json(["backup", "verify", "acme"]);
    expect(code, stdout).toBe(0);
    expect(details).toMatchObject({ id: newest?.id, isCompared: true });
    expect(details.rows).toBeGreaterThan(930);
    expect(await audited("TENANT_BACKUP_VERIFIED")).toEqual(["acme"]);
    expect(await scratchDatabases()).toEqual([]);
  });

  test("`verify` that is killed leaves a scratch database that the next one takes away (F14)", async () => {
    const killed = await workspace.tenantry(["backup", "verify", "acme"], {
      TENANTRY_KILL_AT: "verify:restored",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(await scratchDatabases()).toHaveLength(1);
    const again = await workspace.tenantry(["backup", "verify", "acme"]);
    expect(again, again.stdout).toMatchObject({ code: 0 });
    expect(await scratchDatabases()).toEqual([]);
  });

  test("a damaged file is named, by the verification of just that backup", async () => {
    const { details } = await json(["backup", "acme"]);
    const path = fileURLToPath(details.location);
    truncateSync(path, details.sizeBytes - 100);
    const { code, stdout } = await workspace.tenantry(["backup", "verify", "acme", "--id", details.id]);
    expect(code).toBe(1);
    expect(stdout).toContain("E_BACKUP_FAILED: Backup of tenant 'acme'");
    expect(stdout).toContain(path);
    expect(await scratchDatabases()).toEqual([]);
    const unknown = await workspace.tenantry(["backup", "verify", "acme", "--id", "nonsense"]);
    expect(unknown.stdout).toContain(
      "E_BACKUP_FAILED: Tenant 'acme' has no backup 'nonsense'; expected one of 2.",
    );
  });

  test("a backup that is killed after its file leaves no row, and the next one is whole", async () => {
    const before = await list("acme");
    const killed = await workspace.tenantry(["backup", "acme"], {
      TENANTRY_KILL_AT: "backup:taken",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(await list("acme")).toEqual(before);
    const again = await workspace.tenantry(["backup", "acme"]);
    expect(again, again.stdout).toMatchObject({ code: 0 });
    expect(await list("acme")).toHaveLength(before.length + 1);
  });

  test("a dump is the caller's own file, and has no row", async () => {
    const rows = await list("acme");
    const file = join(workspace.root, "mine.tar.gz");
    writeFileSync(join(workspace.root, "other.part"), "not ours");
    const { code, stdout, details } = await json(["dump", "acme", "--file", "mine.tar.gz"]);
    expect(code, stdout).toBe(0);
    expect(readFileSync(file).length).toBe(details.sizeBytes);
    expect(existsSync(join(workspace.root, "other.part"))).toBe(true);
    expect(await list("acme")).toEqual(rows);
    expect(await audited("TENANT_DUMPED")).toEqual(["acme"]);
    const again = await json(["dump", "acme", "--file", "mine.tar.gz"]);
    expect(again.code).toBe(0);
  });

  test("a dump that isn't waited for is a job that every process can look at", async () => {
    const begun = await workspace.tenantry(["dump", "acme", "--file", "job.tar.gz", "--no-wait", "--json"]);
    expect(begun, begun.stderr).toMatchObject({ code: 0 });
    const { jobId } = JSON.parse(begun.stdout);
    const look = async () => workspace.tenantry(["dump", "acme", "--job", jobId, "--json"]);
    await expect.poll(async () => (await look()).code, { timeout: 60_000 }).toBe(0);
    const job = JSON.parse((await look()).stdout);
    expect(job).toMatchObject({ state: "done", kind: "dump", slug: "acme", errorCode: null });
    expect(readFileSync(join(workspace.root, "job.tar.gz")).length).toBe(job.details.sizeBytes);
    const foreign = await workspace.tenantry(["dump", "globex", "--job", jobId]);
    expect(foreign.code).toBe(3);
  });

  test("a job that fails says why, and one whose process is gone is lost", async () => {
    const begun = await workspace.tenantry([
      ...["dump", "acme", "--file", "mine.tar.gz/impossible", "--no-wait", "--json"],
    ]);
    const { jobId } = JSON.parse(begun.stdout);
    const look = async () =>
      JSON.parse((await workspace.tenantry(["dump", "acme", "--job", jobId, "--json"])).stdout);
    await expect.poll(async () => (await look()).state, { timeout: 60_000 }).toBe("failed");
    expect(await look()).toMatchObject({ errorCode: "E_BACKUP_FAILED" });
    await inMaster(
      "UPDATE identity.job SET state = 'running', ended_at = NULL, heartbeat_at = now() - interval '5 minutes' WHERE id = $1",
      [jobId],
    );
    expect((await look()).state).toBe("lost");
  });

  test("a suspended tenant is backed up and stays suspended", async () => {
    const text = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", text.replace("status: active", "status: suspended"));
    expect((await workspace.tenantry(["up", "acme"])).code).toBe(0);
    const taken = await workspace.tenantry(["backup", "acme"]);
    expect(taken, taken.stdout).toMatchObject({ code: 0 });
    expect((await workspace.tenantry(["backup", "verify", "acme"])).code).toBe(0);
    expect(await inMaster("SELECT status FROM identity.tenant WHERE slug = 'acme'")).toEqual([
      { status: "suspended" },
    ]);
    workspace.write("tenants/acme.yaml", text);
    expect((await workspace.tenantry(["up", "acme"])).code).toBe(0);
    expect(await query(acmeUrl, "SELECT count(*)::int AS n FROM app.patient")).toEqual([{ n: 900 }]);
  });

  test("a tenant that another operation holds is E_LOCKED, and without a record it is refused", async () => {
    const master = onDatabase(cloud.master.url, "tenantry_master");
    const { default: pg } = await import("pg");
    const { withAdvisoryLock } = await import("../../src/postgres/index.ts");
    const client = new pg.Client(master);
    await client.connect();
    try {
      await withAdvisoryLock(client, "tenantry operation local.acme", async () => {
        const { code, stdout } = await workspace.tenantry(["backup", "acme"]);
        expect(code).toBe(5);
        expect(stdout).toContain("E_LOCKED: Tenant 'acme': another operation is under way");
      });
    } finally {
      await client.end();
    }
    const missing = await workspace.tenantry(["dump", "northwind-logistics", "--file", "x"]);
    expect(missing.code).toBe(3);
    expect(existsSync(join(workspace.root, "x"))).toBe(false);
  });

  describe("what `maintain` does", () => {
    const maintained = async (task: string) => {
      const { stdout } = await workspace.tenantry(["maintain", "--json"]);
      const { items } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "").details;
      return (items as { task: string; slug: string; outcome: string }[])
        .filter((item) => item.task === task)
        .map(({ slug, outcome }) => `${slug} ${outcome}`);
    };

    test("one daily backup a day and tenant, however often and by how many at once", async () => {
      const both = (await Promise.all([maintained("backups"), maintained("backups")])).flat();
      expect(both.filter((word) => word.endsWith(" done")).sort()).toEqual(["acme done", "globex done"]);
      expect(both.filter((word) => word.endsWith(" failed"))).toEqual([]);
      expect(await maintained("backups")).toEqual([]);
      const [daily] = await list("globex");
      const days = (Date.parse(daily?.deletedAfter ?? "") - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(30);
    });

    test("what is over is removed with its file, once; the rest stays", async () => {
      const [globex] = await list("globex");
      const kept = await list("acme");
      expect(await maintained("pruning")).toEqual([]);
      const old = "20200101T000000Z-daily.tar.gz";
      const folder = join(workspace.root, ".tenantry/backups/globex");
      const [today = ""] = readdirSync(folder);
      renameSync(join(folder, today), join(folder, old));
      await inMaster(
        `UPDATE identity.backup SET location = regexp_replace(location, '[^/]+$', $2), taken_at = '2020-01-01',
                deleted_after = now() - interval '1 second' WHERE id = $1`,
        [globex?.id, old],
      );
      expect(await maintained("pruning")).toEqual(["globex done"]);
      expect(await maintained("pruning")).toEqual([]);
      expect(readdirSync(folder)).toEqual([today]);
      expect(await audited("TENANT_BACKUP_DELETED")).toEqual(["globex"]);
      expect(await list("acme")).toEqual(kept);
    });
  });
});
