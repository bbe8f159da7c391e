import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseFault } from "../../src/cli/faultWords.ts";
import { type LocalCloud, openLocalCloud } from "../../src/localcloud/index.ts";
import { ask, cname, type Environment, query, readEnvironment } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

/** Routes of three tenants and the platform's for path prefixes, and none for one more. */
const LIMITS = { TENANTRY_LOCAL_STANDARD_LIMIT: "4" };
/** For requests that are never answered: long for one that is. */
const QUICK = { TENANTRY_REQUEST_TIMEOUT_MS: "5000" };
const FAILED = 1;
const WRONG_USE = 2;
const REFUSED = 3;
const SERVERS = ["db-01", "db-02"];

describe.sequential("faults on demand, through whole runs", () => {
  let workspace: Workspace;
  let environment: Environment;
  let cloud: LocalCloud;

  beforeAll(async () => {
    workspace = createWorkspace();
    const made = await workspace.tenantry(["up", "--platform"], LIMITS);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
    cloud = openLocalCloud({ root: workspace.root, home: join(workspace.root, ".tenantry/local") });
  });
  afterAll(() => workspace.dispose());
  afterEach(async () => {
    await cloud.clearFaults();
  });

  /** The words behind `local fault add`; `_` stands for a space within one. */
  async function fault(line: string): Promise<void> {
    const words = line.split(" ").map((word) => word.replaceAll("_", " "));
    await cloud.addFault(parseFault(words) as Parameters<LocalCloud["addFault"]>[0]);
  }
  const struck = async () => (await cloud.faults()).map((each) => each.struck);
  const run = (...words: string[]): Promise<CommandResult> => workspace.tenantry(words);
  const master = (sql: string) => query(environment.master.url, sql);
  const active = async () =>
    (await master("SELECT slug FROM identity.tenant WHERE status = 'active' ORDER BY slug")).map(
      ({ slug }) => slug,
    );
  const host = (slug: string) => `${slug}.${environment.dns.zone}`;

  test("busy services are waited for, cut answers asked again, and the tenant is there once (F12, F39, F41)", async () => {
    await fault("vault --status 429 --retry-after 1 --times 2 --after 1");
    await fault("vault --status 409 --code ObjectIsBeingRecovered --method PUT --times 1");
    await fault("arm --status 429 --method PUT --times 1");
    await fault("arm --cut after --method PUT --path /CNAME/ --times 1");
    await fault("postgres --server db-01 --cut after --path COMMIT --times 1 --after 2");
    const up = await run("up", "acme");
    expect(up, up.stderr + up.stdout).toMatchObject({ code: 0 });
    expect(await struck()).toEqual([2, 1, 1, 1, 1]);
    expect(await active()).toEqual(["acme"]);
  });

  test("a vault without an answer and a full disk fail the tenants they are about, cleanly (F22, F37)", async () => {
    await fault("vault --no-answer --path /secrets/tenant-db-brightsmile-dental");
    for (const server of SERVERS)
      await fault(`postgres --server ${server} --sqlstate 53100 --path INSERT_INTO_tenantry.admin`);
    const up = await workspace.tenantry(["up", "brightsmile-dental", "northwind-logistics"], QUICK);
    expect(up.code).toBe(FAILED);
    expect(up.stdout).toMatch(
      /^brightsmile-dental +failed: PROVISIONING_UNAVAILABLE: Key Vault https:\S+: it accepted a request and didn't answer within 5 s\. Nothing was changed there\./m,
    );
    expect(up.stdout).toMatch(
      /^northwind-logistics +failed: E_UNREACHABLE: .* A server's disk is full\. .* it goes on where this one stopped\.$/m,
    );
    expect(await master("SELECT slug, status FROM identity.tenant ORDER BY slug")).toEqual([
      { slug: "acme", status: "active" },
      { slug: "northwind-logistics", status: "provisioning" },
    ]);
  });

  test("servers that crash in the middle of a run are waited for; all converges, nothing is there twice (F22, F23)", async () => {
    await fault("postgres --server db-01 --path UPDATE_identity.tenant --crash --restart-after 500");
    await fault("postgres --server db-02 --path CREATE_DATABASE --crash --restart-after 500");
    await fault("postgres --server db-01 --path CREATE_DATABASE --crash --restart-after 500");
    const up = await run("up", "brightsmile-dental", "northwind-logistics");
    expect(up, up.stderr + up.stdout).toMatchObject({ code: 0 });
    const [ofMaster, ...ofCreate] = await struck();
    expect(ofMaster).toBe(1);
    expect(ofCreate).toContain(1);
    expect(await active()).toEqual(["acme", "brightsmile-dental", "northwind-logistics"]);
    expect(
      await master("SELECT slug, count(*)::int FROM identity.tenant GROUP BY 1 HAVING count(*) > 1"),
    ).toEqual([]);
    expect(await master("SELECT datname FROM pg_database WHERE datname ~ '^tenantry_new_'")).toEqual([]);
  });

  test("a tenant that Front Door has no room for is refused before anything of it is made (F43)", async () => {
    const entry = workspace.read("tenants/acme.yaml").replaceAll(/acme/gi, "newcomer");
    workspace.write("tenants/newcomer.yaml", entry);
    const up = await run("up", "newcomer");
    expect(up.code).toBe(REFUSED);
    expect(up.stdout).toContain(
      "E_NO_CAPACITY: Tenant 'newcomer': Front Door profile 'tenantry-local' holds 4 of 4 routes; expected room for one more.",
    );
    expect(up.stdout).not.toContain("database_created");
    expect(await active()).toHaveLength(3);
    expect(await master("SELECT datname FROM pg_database WHERE datname ~ 'newcomer'")).toEqual([]);
    workspace.remove("tenants/newcomer.yaml");
  });

  test("a destroy that can't remove the CNAME leaves the domain it points at; the next one ends both (F42)", async () => {
    const entry = workspace.read("tenants/acme.yaml").replace("status: active", "status: deleted");
    workspace.write("tenants/acme.yaml", entry);
    expect(await run("up", "acme")).toMatchObject({ code: 0 });
    await fault("arm --status 403 --method DELETE --path /CNAME/");
    const purge = () => run("destroy", "acme", "--purge", "--confirm", "acme");
    expect((await purge()).code).toBe(FAILED);
    expect(await cname(environment, host("acme"))).toEqual([expect.stringMatching(/azurefd\.net$/)]);
    expect((await ask(environment, host("acme"))).body).not.toContain("HostNotFound");
    await cloud.clearFaults();
    const done = await purge();
    expect(done, done.stderr + done.stdout).toMatchObject({ code: 0 });
    await expect(cname(environment, host("acme"))).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect((await ask(environment, host("acme"))).body).toContain("HostNotFound");
  });

  test("the verb sets, lists and clears; what isn't built is refused by name; none survives a stop", async () => {
    const verb = (...words: string[]) => workspace.tenantry(["local", "fault", ...words]);
    expect(await verb("add", "arm", "--status", "500", "--after", "2")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^f\d+: arm answers 500 \(after 2\); until `tenantry local fault clear f\d+`/,
      ),
    });
    expect((await verb("list")).stdout).toMatch(
      /^ID +SERVICE +WHAT +WHEN +SEEN +STRUCK\nf\d+ +arm +answers 500 +after 2 +0 +0\n$/,
    );
    expect(await verb("add", "dns", "--crash")).toMatchObject({
      code: WRONG_USE,
      stderr:
        "E_NOT_SUPPORTED: fault: `--crash` is not built for 'dns'; expected one of `--latency`, `--no-answer`, `--servfail`.\n",
    });
    await cloud.stop();
    expect(await verb("list")).toMatchObject({ code: 0, stdout: "no faults are set\n" });
  });
});
