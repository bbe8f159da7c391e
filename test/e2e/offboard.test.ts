import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { close, connect, scramVerifier } from "../../src/postgres/index.ts";
import { type BackupFile, restoreBackup } from "../../src/transfer/index.ts";
import {
  ask,
  cname,
  type Environment,
  loginRefusal,
  onDatabase,
  query,
  readEnvironment,
  secretClient,
  tenantUrl,
} from "../support/localClients.ts";
import { startTestPostgres } from "../support/postgres.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** What a restored database is compared by. */
const ROWS =
  "SELECT (SELECT count(*) FROM app.patient) AS patients, (SELECT count(*) FROM tenantry.admin) AS admins, (SELECT count(*) FROM tenantry.migration) AS migrations";
const SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2";
const OWNERS =
  "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner) AS owner, c.relacl::text AS acl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('app', 'reporting', 'tenantry') ORDER BY 1, 2";

describe.sequential("offboarding a tenant", () => {
  let workspace: Workspace;
  let environment: Environment;
  let active: string;
  const others = ["brightsmile-dental", "northwind-logistics"];

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--all"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
    active = workspace.read("tenants/acme.yaml");
  }, 180_000);
  afterAll(() => workspace.dispose());

  const master = (sql: string, values: readonly unknown[] = []) => query(environment.master.url, sql, values);
  const statusOf = async (slug: string) =>
    JSON.parse((await workspace.tenantry(["status", slug, "--json"])).stdout);
  const write = (status: string) =>
    workspace.write("tenants/acme.yaml", active.replace("status: active", `status: ${status}`));

  test("a destroy of an active tenant is refused and leaves everything, also when the file says `deleted` but no `up` ran", async () => {
    const before = await statusOf("acme");
    const refused = await workspace.tenantry(["destroy", "acme"]);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain("E_ILLEGAL_TRANSITION");
    expect(await statusOf("acme")).toEqual(before);
    for (const program of ["true", "false"]) {
      const bare = await workspace.tenantry([
        "pulumi",
        "--",
        "destroy",
        "-s",
        "local.acme",
        "--yes",
        "--skip-preview",
        `--run-program=${program}`,
      ]);
      expect(bare.code, bare.stdout).not.toBe(0);
      expect(await statusOf("acme")).toEqual(before);
    }
    write("deleted");
    const early = await workspace.tenantry(["destroy", "acme"]);
    expect(early.code, early.stdout).toBe(3);
    expect(early.stdout).toContain("E_ILLEGAL_TRANSITION");
    write("active");
    expect(await statusOf("acme")).toEqual(before);
  });

  test("suspended: its role is out and its sessions are ended; active again: it is back", async () => {
    const url = await tenantUrl(environment, "acme");
    write("suspended\nsuspendReason: unpaid");
    expect(await workspace.tenantry(["up", "acme"])).toMatchObject({ code: 0 });
    expect(await loginRefusal(url)).toBe("28000");
    expect((await ask(environment, `acme.${environment.dns.zone}`)).status).toBe(403);
    expect((await statusOf("acme")).status).toBe("suspended");
    write("active");
    expect(await workspace.tenantry(["up", "acme"])).toMatchObject({ code: 0 });
    expect(await loginRefusal(url)).toBeUndefined();
  });

  test("deleted: the role is out, and a verified final backup lies outside the server", async () => {
    const url = await tenantUrl(environment, "acme");
    await query(url, "INSERT INTO app.patient (full_name, born_on) VALUES ('Ada Lovelace', '1815-12-10')");
    write("deleted");
    const shown = await workspace.tenantry(["preview", "acme"]);
    expect(shown.stdout).toMatch(/status: 'active' → 'deleted'/);
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(await loginRefusal(url)).toBe("28000");
    expect(
      await master(
        "SELECT b.kind, b.verified_at IS NOT NULL AS is_verified FROM identity.backup b JOIN identity.tenant t ON t.id = b.tenant_id WHERE t.slug = 'acme'",
      ),
    ).toEqual([{ kind: "final", is_verified: true }]);
    expect((await statusOf("acme")).status).toBe("deleted");
    const refused = await workspace.tenantry(["destroy", "acme"]);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain("E_RETENTION");
  });

  test("the final backup restores on another server: rows, sequences, owners and grants are the same", async () => {
    const [backup] = await master(
      'SELECT location, format, size_bytes::int AS "sizeBytes", sha256 FROM identity.backup',
    );
    const vault = secretClient(environment, environment.platformVault.url);
    const [record] = await master(
      "SELECT server FROM identity.tenant WHERE slug = 'acme' AND status <> 'purged'",
    );
    const admin = await vault.getSecret(`server-${record?.server}-admin`);
    const source = onDatabase(admin.value ?? "", "tenant_acme");
    const there = await startTestPostgres();
    try {
      await query(there.adminUrl, `CREATE ROLE tenant_acme_owner PASSWORD '${await scramVerifier("x")}'`);
      await query(there.adminUrl, "GRANT tenant_acme_owner TO CURRENT_USER WITH INHERIT TRUE, SET TRUE");
      const options = { applicationName: "restore test" };
      const client = await connect(there.adminUrl, options);
      const target = {
        tenantId: randomUUID(),
        admin: { client, url: there.adminUrl, options },
        database: "restored",
        role: "tenant_acme_owner",
      };
      await restoreBackup("acme", backup as unknown as BackupFile, target);
      await close(client);
      const restored = onDatabase(there.adminUrl, "restored");
      for (const question of [ROWS, SEQUENCES, OWNERS])
        expect(await query(restored, question)).toEqual(await query(source, question));
      expect(await query(restored, "SELECT full_name FROM app.patient")).toEqual([
        { full_name: "Ada Lovelace" },
      ]);
    } finally {
      await there.stop();
    }
  });

  test("a purge needs the slug once more", async () => {
    const refused = await workspace.tenantry(["destroy", "acme", "--purge"]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("E_CONFIRM");
    expect(workspace.read("tenants/acme.yaml")).not.toContain("purge:");
  });

  test("an `up` in the middle of a purge is refused and makes nothing again, whatever the entry says", async () => {
    const killed = await workspace.tenantry(["destroy", "acme", "--purge", "--confirm", "acme"], {
      TENANTRY_KILL_AT: "delete:tenantry:index:Migrations:acme-migrations:after",
      TENANTRY_POINTS_FILE: join(workspace.root, "points.txt"),
    });
    expect(killed.signal).toBe("SIGKILL");
    const left = await workspace.tenantry(["pulumi", "--", "stack", "export", "-s", "local.acme"]);
    expect(left.stdout).not.toContain("acme-registration");
    for (const status of ["deleted\npurge: acme", "active"]) {
      write(status);
      const refused = await workspace.tenantry(["up", "acme"]);
      expect(refused.stdout).toContain("E_ILLEGAL_TRANSITION: Tenant 'acme' is 'purging'");
      expect(refused.code).toBe(3);
      const now = await workspace.tenantry(["pulumi", "--", "stack", "export", "-s", "local.acme"]);
      expect(resourcesOf(now.stdout)).toEqual(resourcesOf(left.stdout));
    }
    write("deleted");
  });

  test("a purge takes everything of the tenant, leaves the tombstone, and touches nobody else", async () => {
    const before = await Promise.all(others.map(statusOf));
    const points = join(workspace.root, "points.txt");
    const purge = await workspace.tenantry(["destroy", "acme", "--purge", "--confirm", "acme"], {
      TENANTRY_POINTS_FILE: points,
    });
    expect(purge, purge.stdout + purge.stderr).toMatchObject({ code: 0 });
    expect(workspace.read("tenants/acme.yaml")).toContain("purge: acme");
    const status = await statusOf("acme");
    expect(status).toMatchObject({
      id: null,
      status: "none",
      database: { provisioned: false },
      secret: { exists: false },
      dns: { resolves: false },
      cdn: { serving: false },
    });
    await expect(cname(environment, `acme.${environment.dns.zone}`)).rejects.toMatchObject({
      code: "ENOTFOUND",
    });
    expect(
      await master(
        "SELECT status, purged_at IS NOT NULL AS has_time FROM identity.tenant WHERE slug = 'acme'",
      ),
    ).toEqual([{ status: "purged", has_time: true }]);
    expect(await Promise.all(others.map(statusOf))).toEqual(before);
    const deletes = deletedInOrder(points);
    expect(deletes.indexOf("acme-registration")).toBeLessThan(deletes.indexOf("acme-cname"));
    expect(deletes.indexOf("acme-cname")).toBeLessThan(deletes.indexOf("acme-domain"));
    expect(deletes.indexOf("acme-backup")).toBeLessThan(deletes.indexOf("acme-database"));
    expect(deletes.at(-1)).toBe("acme-record");
  });

  test("the entry that is still there is a no-op", async () => {
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(up.stdout).toContain("nothing to do");
  });

  test("the slug can live again: a new id, and the soft-deleted secret recovered", async () => {
    write("active");
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    const [first, second] = await master(
      "SELECT id, status FROM identity.tenant WHERE slug = 'acme' ORDER BY provisioning_at",
    );
    expect([first?.status, second?.status]).toEqual(["purged", "active"]);
    expect(await loginRefusal(await tenantUrl(environment, "acme"))).toBeUndefined();
    const versions = [];
    for await (const each of secretClient(
      environment,
      environment.keyVault.url,
    ).listPropertiesOfSecretVersions("tenant-db-acme"))
      versions.push(each.version);
    expect(versions).toHaveLength(2);
  });
});

function resourcesOf(exported: string): string[] {
  const { deployment } = JSON.parse(exported) as { deployment: { resources: { urn: string }[] } };
  return deployment.resources.map(({ urn }) => urn).filter((urn) => !urn.includes("::pulumi:"));
}

/** Logical names of the resources that a run deleted, in order, from the points it came by. */
function deletedInOrder(pointsFile: string): string[] {
  const points = readFileSync(pointsFile, "utf8").split("\n");
  return points.flatMap((point) => /^delete:.*:([^:]+):after$/.exec(point)?.[1] ?? []);
}
