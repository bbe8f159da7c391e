import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLE_NAMES } from "../../src/tenant/identitySeeds.ts";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { type Environment, onDatabase, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** Everything that one tenant's database has beside its own data. */
const SEEDED = `SELECT (SELECT array_agg(name ORDER BY name) FROM tenantry.role) AS roles,
  (SELECT array_agg(name ORDER BY name) FROM tenantry.api_scope) AS scopes,
  (SELECT array_agg(kind || ' ' || is_enabled ORDER BY kind) FROM tenantry.identity_provider) AS providers,
  (SELECT array_agg(client_id || ' ' || callback_urls[1]) FROM tenantry.application) AS applications,
  (SELECT array_agg(name || ' ' || (suspended_at IS NULL) ORDER BY name) FROM tenantry.api_key) AS keys`;

describe.sequential("what a tenant gets at birth", () => {
  let workspace: Workspace;
  let cloud: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.write("tenants/globex.yaml", workspace.read("tenants/acme.yaml"));
    await tenantry("up", "--platform", "acme", "globex");
    cloud = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  async function tenantry(...args: string[]): Promise<string> {
    const done = await workspace.tenantry(args);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    return done.stdout;
  }
  const vault = () => secretClient(cloud, cloud.keyVault.url);
  const secretOf = async (name: string) => (await vault().getSecret(name)).value ?? "";
  /** The server's admin in a tenant's database: works for a suspended tenant too. */
  const asAdmin = async (slug: string, sql: string) => {
    const [record] = await query(cloud.master.url, "SELECT server FROM identity.tenant WHERE slug = $1", [
      slug,
    ]);
    const { value = "" } = await secretClient(cloud, cloud.platformVault.url).getSecret(
      `server-${record?.server}-admin`,
    );
    return query(onDatabase(value, `tenant_${slug}`), sql);
  };
  const edit = (slug: string, from: string, to: string) => {
    const path = `tenants/${slug}.yaml`;
    workspace.write(path, workspace.read(path).replace(from, to));
  };

  test("is in its database, its secrets in the tenants' vault alone", async () => {
    expect(await query(await tenantUrl(cloud, "acme"), SEEDED)).toEqual([
      {
        roles: [...ROLE_NAMES].sort(),
        scopes: ["tenantry_api", "tenantry_api.read_only"],
        providers: ["parent true"],
        applications: ["tenantry.acme https://acme.local.tenantry.test/signin-callback"],
        keys: ["default true"],
      },
    ]);
    const secret = await secretOf("tenant-client-acme");
    const [row] = await query(
      await tenantUrl(cloud, "acme"),
      "SELECT secret_hash AS hash FROM tenantry.application",
    );
    expect(row?.hash).toBe(createHash("sha256").update(secret).digest("hex"));
    const state = workspace.read(".tenantry/local/backend/.pulumi/stacks/tenantry/local.acme.json");
    for (const name of ["tenant-client-acme", "tenant-key-acme--default"]) {
      expect(state).toContain(name);
      expect(state).not.toContain(await secretOf(name));
    }
    const providers = "SELECT name, is_enabled FROM identity.identity_provider ORDER BY 1";
    expect(await query(cloud.master.url, providers)).toEqual([
      { name: "Google", is_enabled: false },
      { name: "Microsoft", is_enabled: false },
    ]);
  });

  test("isn't made again by a second run, and a suspended tenant's keys are closed till it resumes", async () => {
    expect(await tenantry("up", "acme")).toContain("no changes");
    const other = await query(await tenantUrl(cloud, "globex"), SEEDED);
    const keys = "SELECT name, suspended_at IS NULL AS works FROM tenantry.api_key";
    edit("acme", "status: active", "status: suspended\nsuspendReason: unpaid");
    await tenantry("up", "acme");
    expect(await asAdmin("acme", keys)).toEqual([{ name: "default", works: false }]);
    edit("acme", "status: suspended\nsuspendReason: unpaid", "status: active");
    await tenantry("up", "acme");
    expect(await asAdmin("acme", keys)).toEqual([{ name: "default", works: true }]);
    expect(await query(await tenantUrl(cloud, "globex"), SEEDED)).toEqual(other);
  });

  test("follows the plan, and leaves what the tenant made of it", async () => {
    const url = await tenantUrl(cloud, "acme");
    await query(url, "INSERT INTO tenantry.role (name) VALUES ('Auditor')");
    await query(url, "UPDATE tenantry.role SET name = 'Viewer' WHERE seed_key = 'DashboardViewer'");
    workspace.write(
      "plans/lean.yaml",
      "seeds:\n  roles: [DashboardViewer]\n  apiKeys: { ci: [all] }\n  scopes: [billing]\n",
    );
    const before = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/acme.yaml", before.replace(/^plan: .*$/m, "plan: lean"));
    expect(workspace.read("tenants/acme.yaml")).toContain("plan: lean");
    await tenantry("up", "acme");
    expect(await query(url, SEEDED)).toMatchObject([
      {
        roles: ["Auditor", "Viewer"],
        scopes: ["tenantry_api", "tenantry_api.billing", "tenantry_api.read_only"],
        keys: ["ci true"],
      },
    ]);
    const { secrets } = await readCloudContents(cloud);
    expect(secrets.filter((name) => name.includes("-acme"))).toEqual([
      "tenant-client-acme",
      "tenant-db-acme",
      "tenant-key-acme--ci",
    ]);
    workspace.write("tenants/acme.yaml", before);
    await tenantry("up", "acme");
    expect(await query(url, SEEDED)).toMatchObject([{ keys: ["default true"] }]);
  });

  test("reaches a tenant of an older release by its next `up`", async () => {
    const url = await tenantUrl(cloud, "globex");
    const data =
      "SELECT (SELECT id FROM tenantry.admin) AS admin, (SELECT count(*)::int FROM tenantry.setting) AS settings";
    const kept = await query(url, data);
    await query(
      url,
      "DROP TABLE tenantry.group_member, tenantry.group_role, tenantry.role_permission, tenantry.role, tenantry.api_key",
    );
    await query(url, "COMMENT ON SCHEMA tenantry IS NULL");
    await tenantry("up", "globex", "--refresh");
    expect(await query(url, SEEDED)).toMatchObject([
      { roles: [...ROLE_NAMES].sort(), keys: ["default true"] },
    ]);
    expect(await query(url, data)).toEqual(kept);
  });

  test("goes with the tenant: after a purge no secret of it is left, and another's are", async () => {
    edit("acme", "status: active", "status: deleted\npurge: acme");
    await tenantry("up", "acme");
    await tenantry("destroy", "acme");
    const { secrets } = await readCloudContents(cloud);
    expect(secrets.filter((name) => name.startsWith("tenant-"))).toEqual([
      "tenant-client-globex",
      "tenant-db-globex",
      "tenant-key-globex--default",
    ]);
    expect(
      await query(cloud.master.url, "SELECT status, seeded_secrets FROM identity.tenant WHERE slug = 'acme'"),
    ).toEqual([{ status: "purged", seeded_secrets: [] }]);
  });

  test("isn't taken from somebody else: a secret of its name without the marker is refused before anything is made", async () => {
    await vault().setSecret("tenant-key-initech--default", "theirs");
    workspace.write(
      "tenants/initech.yaml",
      "displayName: Initech\nenvironments: [local]\nadminEmail: admin@initech.example\n",
    );
    const { code, stdout } = await workspace.tenantry(["up", "initech"]);
    expect(code).toBe(3);
    expect(stdout).toContain("E_PARTIAL_STATE");
    expect(stdout).toContain("secret 'tenant-key-initech--default'");
    expect(await secretOf("tenant-key-initech--default")).toBe("theirs");
    const { secrets, databases } = await readCloudContents(cloud);
    expect([...secrets, ...databases].filter((name) => name.includes("initech"))).toEqual([
      "tenant-key-initech--default",
    ]);
  });
});
