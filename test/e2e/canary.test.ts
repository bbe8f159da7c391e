import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Environment, query, readEnvironment, secretClient } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, finished, type Workspace } from "../support/workspace.ts";

/** How often the list of processes is read while a run works. */
const LOOK_EVERY_MS = 100;

describe.sequential("F44: no password is shown or kept in clear", () => {
  let workspace: Workspace;
  let environment: Environment;
  /** Everything that runs printed, and every process list seen meanwhile. */
  const printed: string[] = [];
  const processes: string[] = [];

  beforeAll(async () => {
    workspace = createWorkspace();
    for (const slug of ["brightsmile-dental", "northwind-logistics"])
      workspace.remove(`tenants/${slug}.yaml`);
    expect(await watched(["up", "--all"])).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
    await watched(["up", "acme", "--json"]);
    await watched(["status", "acme", "--json"]);
    await watched(["list"]);
    await watched(["doctor"]);
    await watched(["pulumi", "--", "stack", "export", "--stack", "local.acme"]);
    await failOnPurpose();
  }, 240_000);
  afterAll(() => workspace.dispose());

  test("on stdout and stderr, also of failed runs", async () => {
    expect(findingsIn({ output: printed.join("\n") }, await canaries())).toEqual([]);
  });

  test("in the arguments of any process", async () => {
    expect(processes.length).toBeGreaterThan(5);
    expect(findingsIn({ processes: processes.join("\n") }, await canaries())).toEqual([]);
  });

  test("in state, history, backups, vault files and every server's log", async () => {
    const texts = filesBelow(environment.home);
    expect(Object.keys(texts)).toEqual(
      expect.arrayContaining([
        "log/postgres-db-01.log",
        "log/daemon.log",
        "backend/.pulumi/stacks/tenantry/local.acme.json",
      ]),
    );
    expect(findingsIn(texts, await canaries())).toEqual([]);
  });

  async function watched(args: readonly string[]): Promise<CommandResult> {
    const timer = setInterval(
      () => processes.push(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })),
      LOOK_EVERY_MS,
    );
    try {
      const result = await finished(workspace.start(args));
      printed.push(result.stdout, result.stderr);
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  /** A migration that fails, a role that is there already, and a secret that doesn't log in. */
  async function failOnPurpose(): Promise<void> {
    workspace.write(
      "tenants/broken.yaml",
      "displayName: Broken\nlegalName: Broken Inc\nadminEmail: a@broken.example\nenvironments: [local]\nplan: trial\nserver: db-01\n",
    );
    workspace.write("migrations/tenant/0099_boom.sql", "SELECT 1/0;\n");
    expect((await watched(["up", "broken"])).code).toBe(1);
    execFileSync("rm", [join(workspace.root, "migrations/tenant/0099_boom.sql")]);
    const admin = await secretClient(environment, environment.platformVault.url).getSecret(
      "server-db-01-admin",
    );
    await query(admin.value ?? "", "CREATE ROLE tenant_broken_owner NOLOGIN");
    expect((await watched(["up", "broken"])).code).toBe(3);
    await query(admin.value ?? "", "ALTER ROLE tenant_acme_owner PASSWORD NULL");
    workspace.write("migrations/tenant/0100_more.sql", "CREATE TABLE app.more (id int PRIMARY KEY);\n");
    expect((await watched(["up", "acme"])).code).toBe(1);
  }

  /** Passwords of every secret of both vaults, in each form that a leak could have. */
  async function canaries(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const { url } of [environment.keyVault, environment.platformVault]) {
      const vault = secretClient(environment, url);
      for await (const { name } of vault.listPropertiesOfSecrets()) {
        const value = (await vault.getSecret(name)).value ?? "";
        // A URL holds a password; a client's secret and an API key are one.
        const password = URL.canParse(value) ? new URL(value).password : value;
        expect(password, name).not.toBe("");
        const clear = decodeURIComponent(password);
        for (const form of [
          clear,
          password,
          Buffer.from(clear).toString("base64"),
          JSON.stringify(clear).slice(1, -1),
        ])
          found.set(form, name);
      }
    }
    expect(new Set(found.values()).size).toBeGreaterThanOrEqual(5);
    return found;
  }
});

/** `where: name of the secret` for each text that holds a form of it. */
function findingsIn(texts: Readonly<Record<string, string>>, forms: ReadonlyMap<string, string>): string[] {
  return Object.entries(texts).flatMap(([where, text]) =>
    [...forms].filter(([form]) => text.includes(form)).map(([, name]) => `${where}: ${name}`),
  );
}

function filesBelow(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}
