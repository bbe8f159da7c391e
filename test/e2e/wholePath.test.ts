import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWorkspace, type Workspace } from "../support/workspace.ts";
import {
  checksums,
  enterLocalCloud,
  type LocalEnvironment,
  onDatabase,
  queryRows,
  readSecret,
  refusalOf,
  resolveCname,
  visit,
} from "./support.ts";

const SLUGS = ["acme", "brightsmile-dental", "northwind-logistics"];
const PHASES = [
  "placement_resolved",
  "state_checked",
  "secret_set",
  "database_created",
  "migrations_applied",
  "admin_seeded",
  "master_registered",
  "complete",
];
const CONNECT_REFUSED = "42501";

let workspace: Workspace;
let cloud: LocalEnvironment;
let acmeUrl = "";

beforeAll(async () => {
  workspace = createWorkspace();
  const up = await workspace.tenantry(["up", "--all"]);
  expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
  cloud = await enterLocalCloud(workspace);
  acmeUrl = (await readSecret(cloud, "tenant-db-acme")) ?? "";
});

afterAll(async () => {
  await workspace.dispose();
});

describe("after `up --all`", () => {
  test("every tenant's record is active, with every phase in its order", async () => {
    const rows = await queryRows<{ slug: string; status: string; phases: string[] }>(
      cloud.master.url,
      `SELECT slug, status, array_agg(phase ORDER BY p.id) AS phases
         FROM identity.tenant t JOIN identity.tenant_phase p ON p.tenant_id = t.id GROUP BY slug, status ORDER BY slug`,
    );
    expect(rows).toEqual(SLUGS.map((slug) => ({ slug, status: "active", phases: PHASES })));
  });

  test("the audit names the operator", async () => {
    const rows = await queryRows<{ slug: string; os_user: string }>(
      cloud.master.url,
      "SELECT slug, os_user FROM identity.tenant_audit WHERE event_type = 'TENANT_PROVISIONED' ORDER BY slug",
    );
    expect(rows.map(({ slug }) => slug)).toEqual(SLUGS);
    expect(rows.every(({ os_user: user }) => user !== null && user !== "")).toBe(true);
  });

  test("the vault's URL logs in as the owner role, and the migrated schemas are there", async () => {
    const [who] = await queryRows(acmeUrl, "SELECT current_user AS role, current_database() AS database");
    expect(who).toEqual({ role: "tenant_acme_owner", database: "tenant_acme" });
    const ledger = await queryRows(acmeUrl, "SELECT version FROM tenantry.migration ORDER BY version");
    expect(ledger).toEqual([{ version: "0001" }, { version: "0002" }, { version: "0003" }]);
  });

  test("F19: a tenant's role is refused on other tenants' databases, master, template and maintenance database", async () => {
    const [template] = await queryRows<{ datname: string }>(
      acmeUrl,
      "SELECT datname FROM pg_database WHERE datname LIKE 'tmpl_tenantry_%'",
    );
    const others = ["tenant_brightsmile_dental", "tenantry_master", "postgres"];
    for (const database of others) {
      expect([database, await refusalOf(onDatabase(acmeUrl, database))]).toEqual([database, CONNECT_REFUSED]);
    }
    expect(await refusalOf(onDatabase(acmeUrl, template?.datname ?? ""))).toBe("55000");
  });

  test("the admin must reset, and the invitation is released", async () => {
    const admins = await queryRows(acmeUrl, "SELECT email, must_reset_password FROM tenantry.admin");
    expect(admins).toEqual([{ email: "admin@acme.example", must_reset_password: true }]);
    const released = await queryRows(
      cloud.master.url,
      "SELECT recipient FROM identity.outbox WHERE released_at IS NOT NULL AND revoked_at IS NULL ORDER BY recipient",
    );
    expect(released).toContainEqual({ recipient: "admin@acme.example" });
  });

  test("the name server answers the CNAME, and Front Door leads to the tenant", async () => {
    const host = `acme.${cloud.dns.zone}`;
    expect(await resolveCname(cloud, host)).toHaveLength(1);
    const answer = await visit(cloud, host);
    expect({ ...answer, body: JSON.parse(answer.body) }).toMatchObject({
      status: 200,
      body: { slug: "acme" },
    });
    expect(await visit(cloud, `nobody.${cloud.dns.zone}`)).toMatchObject({ status: 404 });
  });

  test("status observes all of it", async () => {
    const status = await workspace.tenantry(["status", "acme", "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({
      slug: "acme",
      status: "active",
      database: { provisioned: true, healthy: true, name: "tenant_acme", lastMigration: "0003" },
      secret: { name: "tenant-db-acme", exists: true },
      dns: { resolves: true },
      cdn: { serving: true },
      admin: { email: "admin@acme.example", seeded: true },
      organization: { created: true },
      settings: { inherited: true },
      lastError: null,
    });
  });
});

describe("a second run", () => {
  test("changes nothing: neither a file of the state nor a row of master", async () => {
    const before = await snapshot();
    const up = await workspace.tenantry(["up", "--all"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    expect(await snapshot()).toEqual(before);
  });

  test("a preview of a new entry shows every create and leaves no trace", async () => {
    workspace.write(
      "tenants/umbrella.yaml",
      "displayName: Umbrella\nadminEmail: a@umbrella.example\nenvironments: [local]\nplan: trial\n",
    );
    const before = await snapshot();
    const preview = await workspace.tenantry(["preview", "umbrella", "--exit-code"]);
    expect(preview, preview.stdout + preview.stderr).toMatchObject({ code: 4 });
    expect(preview.stdout).toContain("0003_reporting.sql");
    const dryRun = await workspace.tenantry(["up", "umbrella", "--dry-run"]);
    expect(dryRun, dryRun.stdout + dryRun.stderr).toMatchObject({ code: 0 });
    expect(await snapshot()).toEqual(before);
    workspace.remove("tenants/umbrella.yaml");
  });
});

describe("offboarding", () => {
  test("an active tenant is not destroyed, with and without the program", async () => {
    const before = await snapshot();
    const destroy = await workspace.tenantry(["destroy", "acme"]);
    expect(destroy).toMatchObject({ code: 3 });
    expect(destroy.stderr + destroy.stdout).toContain("E_ILLEGAL_TRANSITION");
    const bare = await workspace.tenantry([
      ...["pulumi", "--", "destroy", "-s", "local.acme", "--yes", "--skip-preview", "--run-program=false"],
    ]);
    expect(bare.code).not.toBe(0);
    const { status } = (await recordOf("acme"))[0] ?? {};
    expect(status).toBe("active");
    expect(await snapshot()).toEqual(before);
  });

  test("deleted, purged and provisioned again", async () => {
    const entry = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted"));
    await succeed("up", "acme");
    expect(await recordOf("acme")).toMatchObject([{ status: "deleted" }]);
    await succeed("destroy", "acme", "--purge", "--confirm", "acme");
    expect(await recordOf("acme")).toMatchObject([{ status: "purged" }]);
    expect(await readSecret(cloud, "tenant-db-acme")).toBeUndefined();
    expect(await resolveCname(cloud, `acme.${cloud.dns.zone}`)).toEqual([]);
    workspace.write("tenants/acme.yaml", entry);
    await succeed("up", "acme");
    expect(await recordOf("acme")).toMatchObject([{ status: "purged" }, { status: "active" }]);
    expect(await readSecret(cloud, "tenant-db-acme")).toMatch(/^postgres:\/\/tenant_acme_owner:/);
  });
});

async function succeed(...args: string[]): Promise<void> {
  const result = await workspace.tenantry(args);
  expect(result, `${args.join(" ")}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
}

function recordOf(slug: string): Promise<{ status: string }[]> {
  return queryRows(
    cloud.master.url,
    "SELECT status FROM identity.tenant WHERE slug = $1 ORDER BY provisioning_at",
    [slug],
  );
}

/** Bytes of the backend, and every row of master. */
async function snapshot(): Promise<object> {
  const tables = await queryRows<{ name: string }>(
    cloud.master.url,
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('identity', 'tenantry') ORDER BY 1",
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) => [
      name,
      await queryRows(cloud.master.url, `SELECT t::text AS row FROM ${name} t ORDER BY 1`),
    ]),
  );
  return { files: checksums(fileURLToPath(cloud.backend.url)), rows };
}
