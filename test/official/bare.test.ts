import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addedContents,
  type CloudContents,
  readCloudContents,
  readStacks,
} from "../support/cloudContents.ts";
import { query, secretClient } from "../support/localClients.ts";
import {
  destroyOf,
  expectDone,
  type OfficialBench,
  openOfficialBench,
  PULUMI,
  previewOf,
  upOf,
  WHY_SKIPPED,
} from "./support.ts";

const BROKEN = "CREATE TABLE app.fine (id integer);\nSELECT no_such_function();\n";

describe.skipIf(PULUMI === undefined).sequential(`the official pulumi, bare${WHY_SKIPPED}`, () => {
  let bench: OfficialBench;

  beforeAll(async () => {
    bench = await openOfficialBench();
  });
  afterAll(() => bench?.dispose());

  const statusOf = async (slug: string): Promise<unknown> => {
    const rows = await query(bench.cloud.master.url, "SELECT status FROM identity.tenant WHERE slug = $1", [
      slug,
    ]);
    return rows.map(({ status }) => status);
  };
  const resourcesOf = (slug: string): readonly string[] | undefined =>
    readStacks(bench.cloud).find(({ stack }) => stack === `local.${slug}`)?.resources;
  const edit = (slug: string, from: string | RegExp, to: string): void => {
    const path = `tenants/${slug}.yaml`;
    bench.workspace.write(path, bench.workspace.read(path).replace(from, to));
  };

  test("`pulumi up` makes a whole tenant", async () => {
    expectDone(await bench.bareUp("acme"));
    expect(await statusOf("acme")).toEqual(["active"]);
    const status = await bench.workspace.tenantry(["status", "acme", "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({
      status: "active",
      database: { healthy: true, lastMigration: "0003" },
      secret: { exists: true },
      dns: { resolves: true },
      cdn: { serving: true },
      admin: { seeded: true },
    });
  });

  test("preview and refresh then see no change", async () => {
    expectDone(await bench.pulumi(previewOf("acme")));
    expectDone(
      await bench.pulumi([
        "refresh",
        "-s",
        "local.acme",
        "--yes",
        "--non-interactive",
        "--expect-no-changes",
      ]),
    );
    expectDone(await bench.pulumi(previewOf("acme")));
  });

  test("a stack of either engine opens in the other without a change", async () => {
    const embedded = await bench.workspace.tenantry([
      "preview",
      "acme",
      "--exit-code",
      "--engine",
      "embedded",
    ]);
    expectDone(embedded);
    expectDone(await bench.workspace.tenantry(["up", "acme", "--engine", "embedded"]));
    expectDone(await bench.pulumi(previewOf("acme")));
    expectDone(await bench.workspace.tenantry(["up", "brightsmile-dental", "--engine", "embedded"]));
    expectDone(await bench.pulumi(previewOf("brightsmile-dental")));
    expectDone(await bench.pulumi([...upOf("brightsmile-dental"), "--expect-no-changes"]));
    const back = await bench.workspace.tenantry(["preview", "brightsmile-dental", "--exit-code"]);
    expectDone(back);
    expectDone(await bench.pulumi(["preview", "-s", "local", "--non-interactive", "--expect-no-changes"]));
  });

  test("after `tenantry rotate` refresh, preview and up see no change, whichever engine made the password", async () => {
    for (const engine of ["embedded", "official"]) {
      expectDone(await bench.workspace.tenantry(["rotate", "acme", "--engine", engine]));
      expectDone(await bench.pulumi(previewOf("acme")));
      const refresh = ["refresh", "-s", "local.acme", "--yes", "--non-interactive", "--expect-no-changes"];
      expectDone(await bench.pulumi(refresh));
      expectDone(await bench.pulumi([...upOf("acme"), "--expect-no-changes"]));
    }
  });

  test("`tenantry --engine official` does the same job", async () => {
    expectDone(await bench.workspace.tenantry(["up", "northwind-logistics", "--engine", "official"]));
    expect(await statusOf("northwind-logistics")).toEqual(["active"]);
    expectDone(
      await bench.workspace.tenantry([
        "preview",
        "northwind-logistics",
        "--exit-code",
        "--engine",
        "embedded",
      ]),
    );
  });

  test.each(["true", "false"])(
    "the destroy of an active tenant is refused and leaves everything (PULUMI_OPTION_RUN_PROGRAM=%s)",
    async (runProgram) => {
      const before = await contents();
      const run = await bench.pulumi(destroyOf("acme"), { PULUMI_OPTION_RUN_PROGRAM: runProgram });
      expect(run.code, run.stdout).not.toBe(0);
      expect(run.stdout + run.stderr).toMatch(/acme-registration.*protect|protect.*acme-registration/s);
      expect(await contents()).toEqual(before);
    },
  );

  test.each(["true", "false"])(
    "so it is when the entry says `deleted` and no `up` ran (PULUMI_OPTION_RUN_PROGRAM=%s)",
    async (runProgram) => {
      const entry = bench.workspace.read("tenants/acme.yaml");
      const before = await contents();
      edit("acme", "status: active", "status: deleted\npurge: acme");
      const run = await bench.pulumi(destroyOf("acme"), { PULUMI_OPTION_RUN_PROGRAM: runProgram });
      bench.workspace.write("tenants/acme.yaml", entry);
      expect(run.code, run.stdout).not.toBe(0);
      expect(await contents()).toEqual(before);
      expectDone(await bench.pulumi(previewOf("acme")));
    },
  );

  test("a failed migration leaves `provisioning_failed`, and after the fix the same command succeeds", async () => {
    bench.workspace.write("migrations/tenant/0004_broken.sql", BROKEN);
    bench.workspace.write(
      "tenants/umbrella.yaml",
      "displayName: Umbrella\nadminEmail: a@umbrella.example\nenvironments: [local]\nplan: trial\nstatus: active\n",
    );
    const failed = await bench.bareUp("umbrella");
    expect(failed.code, failed.stdout).not.toBe(0);
    expect(failed.stdout + failed.stderr).toMatch(/E_MIGRATIONS_FAILED.*0004_broken\.sql:2/s);
    expect(await statusOf("umbrella")).toEqual(["provisioning_failed"]);
    bench.workspace.remove("migrations/tenant/0004_broken.sql");
    expectDone(await bench.pulumi(upOf("umbrella")));
    expect(await statusOf("umbrella")).toEqual(["active"]);
  });

  test("a failed first run can be destroyed instead", async () => {
    const before = await readCloudContents(bench.cloud);
    bench.workspace.write("migrations/tenant/0004_broken.sql", BROKEN);
    bench.workspace.write(
      "tenants/soylent.yaml",
      "displayName: Soylent\nadminEmail: a@soylent.example\nenvironments: [local]\nplan: trial\n",
    );
    expect((await bench.bareUp("soylent")).code).not.toBe(0);
    bench.workspace.remove("migrations/tenant/0004_broken.sql");
    expectDone(await bench.pulumi(destroyOf("soylent")));
    expect(withoutTemplates(addedContents(before, await readCloudContents(bench.cloud)))).toEqual(NOTHING);
    expect(resourcesOf("soylent")).toEqual([]);
  });

  test.each(["true", "false"])(
    "`deleted`, then a purge after the server admin's password was rotated (PULUMI_OPTION_RUN_PROGRAM=%s)",
    async (runProgram) => {
      const slug = runProgram === "true" ? "umbrella" : "acme";
      edit(slug, "status: active", "status: deleted");
      expectDone(await bench.pulumi(upOf(slug)));
      expect(await statusOf(slug)).toEqual(["deleted"]);
      edit(slug, "status: deleted", `status: deleted\npurge: ${slug}`);
      expectDone(await bench.pulumi(upOf(slug)));
      await rotateAdmins();
      expectDone(await bench.pulumi(destroyOf(slug), { PULUMI_OPTION_RUN_PROGRAM: runProgram }));
      expect(await statusOf(slug)).toEqual(["purged"]);
      expect(resourcesOf(slug)).toEqual([]);
      const left = Object.values(await readCloudContents(bench.cloud)).flat();
      expect(left.filter((name) => name.includes(slug))).toEqual([]);
    },
  );

  const contents = async (): Promise<object> => ({
    cloud: await readCloudContents(bench.cloud),
    status: await statusOf("acme"),
    resources: resourcesOf("acme"),
  });

  /** A new password in PostgreSQL and in the vault, as `rotate` will do it, on every server. */
  async function rotateAdmins(): Promise<void> {
    const vault = secretClient(bench.cloud, bench.cloud.platformVault.url);
    for (const { name } of bench.cloud.postgres) {
      const secret = await vault.getSecret(`server-${name}-admin`);
      const url = new URL(secret.value ?? "");
      const password = `rotated${Date.now()}`;
      await query(url.href, `ALTER ROLE "${decodeURIComponent(url.username)}" PASSWORD '${password}'`);
      url.password = password;
      await vault.setSecret(secret.name, url.href, { tags: secret.properties.tags ?? {} });
    }
  }
});

const NOTHING = { databases: [], roles: [], secrets: [], recordSets: [], domains: [], routes: [] };

/** A template and the role of its objects may stay: the next tenant is cloned from it. */
function withoutTemplates(contents: CloudContents): CloudContents {
  return {
    ...contents,
    databases: contents.databases.filter((name) => !name.includes("/tmpl_tenantry_")),
    roles: contents.roles.filter((name) => !name.endsWith("/tenantry_template_owner")),
  };
}
