import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const SLUGS = ["acme", "brightsmile-dental", "northwind-logistics"];
/** Statements that change nothing; the status at the end locks what it reads against a tenant's tricks. */
const READING = ["SELECT", "BEGIN", "COMMIT", "SET", "LOCK"];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe.sequential("three tenants on one machine", () => {
  let workspace: Workspace;
  let environment: Environment;
  let commit: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    commit = commitAll(workspace.root);
    const up = await workspace.tenantry(["up", "--all"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    for (const slug of SLUGS) expect(up.stdout).toMatch(new RegExp(`^${slug} +active `, "m"));
    expect(up.stdout).toContain("Look inside:");
    environment = await readEnvironment(workspace);
  }, 180_000);
  afterAll(() => workspace.dispose());

  const master = (sql: string, values: readonly unknown[] = []) => query(environment.master.url, sql, values);
  const host = (slug: string) => `${slug}.${environment.dns.zone}`;

  test("`status acme --json` says how it is, in every part", async () => {
    const { code, stdout } = await workspace.tenantry(["status", "acme", "--json"]);
    expect(code).toBe(0);
    const status = JSON.parse(stdout);
    expect(status.id).toMatch(UUID);
    expect(status).toEqual({
      id: status.id,
      slug: "acme",
      status: "active",
      database: {
        provisioned: true,
        healthy: true,
        name: "tenant_acme",
        server: status.database.server,
        lastMigration: "0003",
      },
      secret: { name: "tenant-db-acme", exists: true },
      dns: { host: host("acme"), resolves: true },
      cdn: { host: host("acme"), serving: true },
      domains: [],
      admin: { email: "admin@acme.example", seeded: true },
      organization: { created: true, id: status.id },
      settings: { inherited: true },
      lastError: null,
    });
    expect(status.database.server).toMatch(/^db-0[12]$/);
  });

  test("the vault's URL logs in as the owner, who finds the seeded schemas", async () => {
    const url = await tenantUrl(environment, "acme");
    const [who] = await query(url, "SELECT current_user, current_database()");
    expect(who).toEqual({ current_user: "tenant_acme_owner", current_database: "tenant_acme" });
    const schemas = await query(
      url,
      "SELECT nspname FROM pg_namespace WHERE nspowner = 'tenant_acme_owner'::regrole ORDER BY 1",
    );
    expect(schemas.map(({ nspname }) => nspname)).toEqual(
      expect.arrayContaining(["app", "reporting", "tenantry"]),
    );
  });

  test("F19: a tenant's role is refused on every other database", async () => {
    const urls = await Promise.all(SLUGS.map((slug) => tenantUrl(environment, slug)));
    const admin = await secretClient(environment, environment.platformVault.url).getSecret(
      "server-db-01-admin",
    );
    const templates = await query(
      admin.value ?? "",
      "SELECT datname FROM pg_database WHERE datname LIKE 'tmpl_tenantry_%'",
    );
    const foreign = ["tenantry_master", "postgres", ...templates.map(({ datname }) => String(datname))];
    for (const url of urls) {
      const others = urls.filter((other) => other !== url).map((other) => new URL(other).pathname.slice(1));
      for (const database of [...others, ...foreign]) {
        expect(["42501", "55000", "3D000"], `${new URL(url).username} on ${database}`).toContain(
          await loginRefusal(onDatabase(url, database)),
        );
      }
    }
  });

  test("the admin must reset its password, and its invitation was released with `complete`", async () => {
    const url = await tenantUrl(environment, "acme");
    expect(await query(url, "SELECT email, must_reset_password FROM tenantry.admin")).toEqual([
      { email: "admin@acme.example", must_reset_password: true },
    ]);
    const rows = await master(
      `SELECT o.recipient, o.released_at = p.at OR o.released_at <= p.at AS released_by_then, o.sent_at IS NOT NULL AS is_sent FROM identity.outbox o
         JOIN identity.tenant t ON t.id = o.tenant_id JOIN identity.tenant_phase p ON p.tenant_id = t.id AND p.phase = 'complete'
        WHERE t.slug = 'acme'`,
    );
    expect(rows).toEqual([{ recipient: "admin@acme.example", released_by_then: true, is_sent: true }]);
  });

  test("resolver and Front Door lead to the tenant, and to nobody for an unknown host", async () => {
    expect(await cname(environment, host("acme"))).toEqual([expect.stringMatching(/\.azurefd\.net$/)]);
    const answered = await ask(environment, host("acme"));
    expect(answered.status).toBe(200);
    expect(JSON.parse(answered.body)).toMatchObject({ slug: "acme" });
    expect((await ask(environment, host("nobody"))).status).toBe(404);
  });

  test("master has record, audit with operator, and every phase with its time", async () => {
    const [record] = await master(
      "SELECT status, active_at IS NOT NULL AS was_active FROM identity.tenant WHERE slug = 'acme'",
    );
    expect(record).toEqual({ status: "active", was_active: true });
    const audit = await master(
      "SELECT os_user, platform_user_id, git_commit FROM identity.tenant_audit WHERE slug = 'acme' AND event_type = 'TENANT_PROVISIONED'",
    );
    expect(audit).toEqual([
      { os_user: expect.stringMatching(/./), platform_user_id: null, git_commit: commit },
    ]);
    const phases = await master(
      "SELECT p.phase FROM identity.tenant_phase p JOIN identity.tenant t ON t.id = p.tenant_id WHERE t.slug = 'acme' ORDER BY p.at",
    );
    expect(phases.map(({ phase }) => phase)).toEqual([
      "placement_resolved",
      "state_checked",
      "secret_set",
      "database_created",
      "migrations_applied",
      "admin_seeded",
      "master_registered",
      "complete",
    ]);
  });

  test("a second `up --all` writes nothing: no statement, no byte of state", async () => {
    await logStatements(environment, "all");
    const before = hashTree(environment.home);
    const logged = readLogs(environment).length;
    const up = await workspace.tenantry(["up", "--all"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    for (const name of ["platform", ...SLUGS])
      expect(up.stdout).toMatch(new RegExp(`^${name} +(ready|active), no changes`, "m"));
    expect(hashTree(environment.home)).toEqual(before);
    const statements = readLogs(environment).slice(logged);
    expect(statements).toContain("identity.tenant");
    const heads = [...statements.matchAll(/(?:statement|execute [^:]*): \s*(\w+)/g)].map((match) =>
      match[1]?.toUpperCase(),
    );
    expect(heads).toContain("SELECT");
    expect(heads.filter((head) => !READING.includes(head ?? ""))).toEqual([]);
    await logStatements(environment, "none");
  });

  test("a preview of a new entry shows placement, migrations and every create, and touches nothing", async () => {
    workspace.write(
      "tenants/newcomer.yaml",
      "displayName: Newcomer\nlegalName: Newcomer Inc\nadminEmail: a@newcomer.example\nenvironments: [local]\nplan: trial\n",
    );
    const before = {
      files: hashTree(environment.home),
      records: await master("SELECT count(*) FROM identity.tenant"),
    };
    const shown = await workspace.tenantry(["preview", "newcomer"]);
    expect(shown, shown.stderr).toMatchObject({ code: 0 });
    expect(shown.stdout).toMatch(/placement on server 'db-0[12]'/);
    expect(shown.stdout).toMatch(/migrations 0001_\S+\.sql, 0002_\S+\.sql, 0003_\S+\.sql/);
    expect(shown.stdout).toContain("+ database 'tenant_newcomer' owned by 'tenant_newcomer_owner'");
    const dryRun = await workspace.tenantry(["up", "newcomer", "--dry-run"]);
    expect(dryRun, dryRun.stderr).toMatchObject({ code: 0 });
    expect(dryRun.stdout).toContain("dry_run");
    expect({
      files: hashTree(environment.home),
      records: await master("SELECT count(*) FROM identity.tenant"),
    }).toEqual(before);
    workspace.remove("tenants/newcomer.yaml");
  });

  test("an update shows exactly what changed, applies it in place (F26), and is audited with old and new", async () => {
    const entry = workspace.read("tenants/acme.yaml");
    const url = await tenantUrl(environment, "acme");
    const [admin] = await query(url, "SELECT id FROM tenantry.admin");
    const links = () =>
      master(
        "SELECT o.id, o.revoked_at IS NOT NULL AS is_revoked, o.recipient FROM identity.outbox o JOIN identity.tenant t ON t.id = o.tenant_id WHERE t.slug = 'acme' ORDER BY o.created_at",
      );
    const [oldLink] = await links();
    workspace.write(
      "tenants/acme.yaml",
      entry
        .replace("displayName: Acme Health", "displayName: Acme Health Group")
        .replace("admin@acme.example", "chief@acme.example")
        .replace("tier: pilot", "tier: gold")
        .replace("maxTokens: 1000", "maxTokens: 2000")
        .replace("\nplan: trial", "\nplan: standard"),
    );
    const shown = await workspace.tenantry(["preview", "acme", "--exit-code"]);
    expect(shown.code).toBe(4);
    const lines = shown.stdout.split("\n").filter((line) => line.startsWith("  "));
    expect(lines.sort()).toEqual(
      [
        "  ~ adminEmail: 'admin@acme.example' → 'chief@acme.example'",
        "  ~ displayName: 'Acme Health' → 'Acme Health Group'",
        "  ~ labels.tier: 'pilot' → 'gold'",
        "  ~ limits.apiCallsPerDay: 1000 → 50000",
        "  ~ limits.storageGb: 2 → 50",
        "  ~ limits.users: 5 → 50",
        "  ~ plan: 'trial' → 'standard'",
        "  ~ settings.features.reporting: false → true",
        "  ~ settings.maxTokens: 1000 → 2000",
        "  ~ settings.rateLimitPerMinute comes from the plan, was from the environment",
        "  ~ settings.rateLimitPerMinute: 60 → 300",
      ].sort(),
    );
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    expect(await query(url, "SELECT id, email FROM tenantry.admin")).toEqual([
      { id: admin?.id, email: "chief@acme.example" },
    ]);
    expect(await links()).toEqual([
      { id: oldLink?.id, is_revoked: true, recipient: "admin@acme.example" },
      { id: expect.stringMatching(UUID), is_revoked: false, recipient: "chief@acme.example" },
    ]);
    const [audit] = await master(
      "SELECT details FROM identity.tenant_audit WHERE slug = 'acme' AND event_type = 'TENANT_UPDATED'",
    );
    expect(audit?.details).toMatchObject({
      changes: {
        displayName: { old: "Acme Health", new: "Acme Health Group" },
        adminEmail: { old: "admin@acme.example", new: "chief@acme.example" },
        plan: { old: "trial", new: "standard" },
      },
    });
    workspace.write("tenants/acme.yaml", entry);
    expect(await workspace.tenantry(["up", "acme"])).toMatchObject({ code: 0 });
  });
});

/** Makes the workspace a git checkout; answers its commit. */
function commitAll(root: string): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  git("init", "--quiet");
  git("add", "tenants");
  git(
    "-c",
    "user.name=Ines",
    "-c",
    "user.email=ines@example.test",
    "commit",
    "--quiet",
    "-m",
    "Three tenants",
  );
  return git("rev-parse", "HEAD");
}

/** Sets `log_statement` on every local server, as its superuser: the server's own word on what was run. */
async function logStatements({ home, postgres }: Environment, level: "all" | "none"): Promise<void> {
  const password = readFileSync(join(home, "keys/azuresu.password")).toString("base64url");
  for (const { host, port } of postgres) {
    const url = `postgres://azuresu:${password}@${host}:${port}/postgres`;
    await query(url, `ALTER SYSTEM SET log_statement = '${level}'`);
    await query(url, "SELECT pg_reload_conf()");
  }
}

/** Everything the local servers have logged, one after another. */
function readLogs({ home, postgres }: Environment): string {
  return postgres.map(({ name }) => readFileSync(join(home, `log/postgres-${name}.log`), "utf8")).join("");
}

/** Checksum of every file below a folder that a run of ours may write; logs and PostgreSQL's own files apart. */
function hashTree(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !/(^|\/)(postgres|logs?|pg_)|\.log$|\.sock$/.test(name),
  );
  return Object.fromEntries(
    files
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      ]),
  );
}
