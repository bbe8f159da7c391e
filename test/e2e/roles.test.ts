import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloudContents, enterCloud, readCloudContents, readStacks } from "../support/cloudContents.ts";
import { type Environment, query } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

type Role = "deployer" | "previewer" | "none";

const NEWCOMER = `displayName: New Comer
adminEmail: admin@newcomer.example
environments: [local]
status: active
plan: trial
`;

/** What a refused run may not have changed: everything outside, master's rows, and what the stacks hold. */
interface Reality {
  readonly contents: CloudContents;
  readonly stacks: readonly object[];
  readonly master: readonly object[];
}

describe.sequential("identities with roles", () => {
  let workspace: Workspace;
  let owner: Environment;
  let entry: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    for (const slug of ["brightsmile-dental", "northwind-logistics"])
      workspace.remove(`tenants/${slug}.yaml`);
    entry = workspace.read("tenants/acme.yaml");
    const up = await workspace.tenantry(["up", "--platform"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    owner = await enterCloud(workspace);
  }, 120_000);
  afterAll(() => workspace.dispose());

  const runAs = (role: Role, ...args: string[]): Promise<CommandResult> =>
    workspace.tenantry(args, { TENANTRY_LOCAL_IDENTITY: role });
  const environmentOf = async (role: Role): Promise<Environment> =>
    JSON.parse((await workspace.tenantry(["local", "env", "--identity", role, "--json"])).stdout);
  const readReality = async (): Promise<Reality> => ({
    contents: await readCloudContents(owner),
    // A run writes its stack's resources in the order in which it looked at them.
    stacks: readStacks(owner).map((stack) => ({ ...stack, resources: stack.resources.toSorted() })),
    master: await query(
      owner.master.url,
      "SELECT slug, status, display_name, status_code FROM identity.tenant",
    ),
  });

  /** Code and words of a refused run. */
  const refusalBy = (role: Role, action: string, resource: string, target = "") =>
    new RegExp(
      `${target} +failed: PROVISIONING_UNAVAILABLE: identity '${role}' \\(object id '[0-9a-f-]{36}'\\) is not allowed to perform '${action}' on '/subscriptions/[^']*/${resource}'\\. Give it a role`,
      "i",
    );
  const getSecret = "Microsoft.KeyVault/vaults/secrets/getSecret/action";

  test("the deployer makes a tenant, but not the platform", async () => {
    const made = await runAs("deployer", "up", "acme");
    expect(made, made.stdout + made.stderr).toMatchObject({ code: 0 });
    const looks = [
      ["preview", "acme", "--refresh", "--exit-code"],
      ["up", "acme", "--dry-run"],
    ];
    for (const look of await Promise.all(looks.map((words) => runAs("deployer", ...words))))
      expect(look, look.stdout + look.stderr).toMatchObject({ code: 0 });
    const config = workspace.read("stacks/Pulumi.local.yaml");
    workspace.write("stacks/Pulumi.local.yaml", config.replace("storageGb: 32", "storageGb: 64"));
    const before = await readReality();
    const refused = await runAs("deployer", "up", "--platform");
    workspace.write("stacks/Pulumi.local.yaml", config);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(
      refusalBy("deployer", "Microsoft.DBforPostgreSQL/flexibleServers/write", "flexibleServers/db-0[12]"),
    );
    expect(await readReality()).toEqual(before);
  });

  test("the previewer previews what would change and who is new, and knows the place", async () => {
    workspace.write("tenants/acme.yaml", entry.replace("Acme Health\n", "Acme Care\n"));
    workspace.write("tenants/newcomer.yaml", NEWCOMER);
    const before = await readReality();
    const seen = await runAs("previewer", "preview", "acme", "newcomer", "--exit-code");
    expect(seen, seen.stdout + seen.stderr).toMatchObject({ code: 4 });
    expect(seen.stdout).toContain("'Acme Health' → 'Acme Care'");
    expect(seen.stdout).toMatch(/db-0[12]/);
    expect(seen.stdout + seen.stderr).not.toMatch(/warning|can't be asked/);
    expect(await readReality()).toEqual(before);
  });

  test("the previewer's `up` of a change and of a new tenant says what it may not, and changes nothing", async () => {
    const before = await readReality();
    const refused = await runAs("previewer", "up", "acme", "newcomer");
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(refusalBy("previewer", getSecret, "secrets/master-admin", "acme"));
    expect(refused.stdout).toMatch(
      refusalBy("previewer", getSecret, "secrets/tenant-db-newcomer", "newcomer"),
    );
    expect(await readReality()).toEqual(before);
    workspace.remove("tenants/newcomer.yaml");
    workspace.write("tenants/acme.yaml", entry);
  });

  test("the previewer reads master's read-only reference and no other secret, and no address of master", async () => {
    const previewer = await environmentOf("previewer");
    expect([previewer.master.url, previewer.identity.header === owner.identity.header]).toEqual(["", false]);
    const platform = await clientOf(previewer, previewer.platformVault.url);
    const tenants = await clientOf(previewer, previewer.keyVault.url);
    expect((await platform.getSecret("master-read")).value).toContain("://tenantry_read:");
    for (const [vault, name] of [
      [tenants, "tenant-db-acme"],
      [platform, "master-admin"],
      [platform, "server-db-01-admin"],
    ] as const)
      await expect(vault.getSecret(name)).rejects.toMatchObject({ statusCode: 403, code: "Forbidden" });
    const looked = await runAs("previewer", "status", "acme", "--json");
    expect(looked.stdout).not.toContain("://tenant_acme_owner");
    expect(JSON.parse(looked.stdout).lastError).toMatchObject({
      code: "PROVISIONING_UNAVAILABLE",
      message: expect.stringContaining("is not allowed to perform"),
    });
  });

  test("nobody without a role gets anywhere, not even to a preview that knows nothing", async () => {
    const verbs = ["preview", "destroy"];
    const [listed, ...refused] = await Promise.all([
      runAs("none", "list"),
      ...verbs.map((verb) => runAs("none", verb, "acme")),
    ]);
    for (const { code, stdout } of refused) {
      expect(code, stdout).toBe(1);
      expect(stdout).toMatch(refusalBy("none", getSecret, "secrets/master-read"));
    }
    expect(listed).toMatchObject({ code: 1, stdout: "" });
    expect(listed.stderr).toMatch(
      /^PROVISIONING_UNAVAILABLE: identity 'none' .*'.*\/secrets\/master-read'\.$/m,
    );
  });

  test("an identity that isn't one is refused, for `local env` and for every verb", async () => {
    const [named, run, stopped] = await Promise.all([
      workspace.tenantry(["local", "env", "--identity", "admin"]),
      workspace.tenantry(["preview", "acme"], { TENANTRY_LOCAL_IDENTITY: "admin" }),
      workspace.tenantry(["local", "stop", "--identity", "none"]),
    ]);
    for (const { code, stdout, stderr } of [named, run]) {
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("E_NOT_SUPPORTED: The local cloud has no identity 'admin'; expected one of");
    }
    expect(stopped).toMatchObject({ code: 2, stderr: expect.stringContaining("goes with `local env`") });
  });

  test("of a deleted tenant the previewer destroys nothing, and the deployer all", async () => {
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted\npurge: acme"));
    expect(await runAs("deployer", "up", "acme")).toMatchObject({ code: 0 });
    const before = await readReality();
    const refused = await runAs("previewer", "destroy", "acme");
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(refusalBy("previewer", getSecret, "secrets/master-admin"));
    expect(await readReality()).toEqual(before);
    const done = await runAs("deployer", "destroy", "acme");
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    const { contents, master } = await readReality();
    expect([contents.secrets, contents.domains, contents.routes, contents.recordSets]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(master).toMatchObject([{ slug: "acme", status: "purged" }]);
  });
});

/** The SDK's own client with this identity's token: `DefaultAzureCredential` keeps a process's first one. */
async function clientOf({ identity, ca }: Environment, url: string): Promise<SecretClient> {
  const asked = await fetch(`${identity.endpoint}?api-version=2019-08-01&resource=https://vault.azure.net`, {
    headers: { "x-identity-header": identity.header },
  });
  const { access_token: token, expires_on: expiry } = (await asked.json()) as Record<string, string>;
  const credential = {
    getToken: async () => ({ token: token ?? "", expiresOnTimestamp: Number(expiry) * 1000 }),
  };
  return new SecretClient(url, credential, {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca: [readFileSync(ca, "utf8"), ...rootCertificates].join("\n") },
  });
}
