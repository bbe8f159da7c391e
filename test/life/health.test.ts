import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, secretClient } from "../support/localClients.ts";
import { createWorkspace, finished, type Workspace } from "../support/workspace.ts";

describe.sequential("`tenantry health` and `status`", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.remove("tenants/brightsmile-dental.yaml");
    const up = await workspace.tenantry(["up", "--platform", "acme", "northwind-logistics"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
  });
  afterAll(() => workspace.dispose());

  test("all are well: 0, a line each", async () => {
    const { code, stdout } = await workspace.tenantry(["health"]);
    expect(stdout.split("\n").map((line) => line.split(/\s+/))).toEqual([
      ["TENANT", "STATUS", "HEALTH", "WHAT"],
      ["acme", "active", "ok"],
      ["northwind-logistics", "active", "ok"],
      ["2", "of", "2", "healthy"],
      [""],
    ]);
    expect(code).toBe(0);
  });

  test("`status --all` says of each part what it is", async () => {
    const { stdout } = await workspace.tenantry(["status", "--all"]);
    for (const word of ["MIGRATION", "DATABASE", "SECRET", "DNS", "CDN", "ADMIN", "ORGANIZATION", "SETTINGS"])
      expect(stdout).toContain(word);
    expect(stdout).toMatch(/^acme +active +db-0\d +0003 +yes +yes/m);
  });

  test("one that lost its secret is named with what it lost: 1, and the other is well", async () => {
    const vault = secretClient(environment, environment.keyVault.url);
    await (await vault.beginDeleteSecret("tenant-db-acme")).pollUntilDone();
    const { code, stdout } = await workspace.tenantry(["health", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      isHealthy: false,
      tenants: [
        {
          slug: "acme",
          status: "active",
          isHealthy: false,
          problems: [{ part: "secret", message: "'tenant-db-acme' is not there" }],
        },
        { slug: "northwind-logistics", status: "active", isHealthy: true, problems: [] },
      ],
    });
    expect(code).toBe(1);
    expect((await workspace.tenantry(["health", "northwind-logistics"])).code).toBe(0);
  });

  test("`--watch --json` says a line a tenant and round, and Ctrl-C ends it with the last round's code", async () => {
    const child = workspace.start(["health", "--watch", "--interval", "0.2", "--json"]);
    const end = finished(child);
    let seen = "";
    child.stdout?.on("data", (chunk: string) => (seen += chunk));
    await expect.poll(() => seen.split("\n").length).toBeGreaterThan(6);
    child.kill("SIGINT");
    const { code, stdout } = await end;
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ at }) => at)).size).toBeGreaterThan(1);
    expect(lines.slice(0, 2).map(({ slug, isHealthy }) => [slug, isHealthy])).toEqual([
      ["acme", false],
      ["northwind-logistics", true],
    ]);
    expect(code).toBe(1);
  });
});
