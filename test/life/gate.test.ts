import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, type Environment, query, readEnvironment } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

describe.sequential("a request through Front Door and the gate behind it", () => {
  let workspace: Workspace;
  let environment: Environment;

  beforeAll(async () => {
    workspace = createWorkspace();
    workspace.write("tenants/globex.yaml", workspace.read("tenants/acme.yaml").replaceAll("acme", "globex"));
    const up = await workspace.tenantry(["up", "--platform", "acme", "globex"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await readEnvironment(workspace);
  });
  afterAll(() => workspace.dispose());

  const answer = async (slug: string) => {
    const { status, body } = await ask(environment, `${slug}.${environment.dns.zone}`);
    const { slug: named, error } = JSON.parse(body);
    return `${status} ${named ?? error.code}`;
  };
  const both = async () => [await answer("acme"), await answer("globex")];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await workspace.tenantry(args);
    expect(code, stdout + stderr).toBe(0);
  };
  const status = async () => JSON.parse((await workspace.tenantry(["local", "status", "--json"])).stdout);

  test("reaches the application of the tenant whose host it names", async () => {
    expect(await both()).toEqual(["200 acme", "200 globex"]);
  });

  test("is 403 as soon as the tenant is suspended, 200 when it is resumed, and the other tenant's stays 200", async () => {
    await run("suspend", "acme", "--reason", "unpaid");
    expect(await both()).toEqual(["403 TenantSuspended", "200 globex"]);
    await run("resume", "acme");
    expect(await both()).toEqual(["200 acme", "200 globex"]);
  });

  test("sees what was written around the product once the cache is cleared", async () => {
    expect(await both()).toEqual(["200 acme", "200 globex"]);
    const host = `acme.${environment.dns.zone}`;
    const [row] = await query(
      environment.master.url,
      "DELETE FROM identity.tenant_host WHERE host = $1 RETURNING tenant_id",
      [host],
    );
    await run("clear-cache", "acme");
    expect(await both()).toEqual(["404 TenantNotFound", "200 globex"]);
    await query(environment.master.url, "INSERT INTO identity.tenant_host VALUES ($1, $2)", [
      host,
      row?.tenant_id,
    ]);
    await run("clear-cache", "acme");
    expect(await both()).toEqual(["200 acme", "200 globex"]);
  });

  test("is answered again after PostgreSQL was gone and came back, at the same ports", async () => {
    const before = await status();
    // The servers that this workspace started, as a crash would end them.
    for (const { pid } of before.postgres) process.kill(pid, "SIGQUIT");
    await expect.poll(async () => (await status()).postgres).toEqual([]);
    await run("local", "start");
    await run("clear-cache", "acme");
    await expect.poll(both).toEqual(["200 acme", "200 globex"]);
    const { ports } = await status();
    expect(ports).toEqual(before.ports);
    expect(ports).toMatchObject({ origin: expect.any(Number), application: expect.any(Number) });
  });

  test("is 503 once the tenant is deleted, and 404 after its purge", async () => {
    await run("delete", "acme");
    expect(await both()).toEqual(["503 TenantUnavailable", "200 globex"]);
    await run("destroy", "acme", "--purge", "--confirm", "acme");
    expect(await both()).toEqual(["404 HostNotFound", "200 globex"]);
  });

  test("ends with the local cloud", async () => {
    await run("local", "stop");
    await expect(answer("globex")).rejects.toThrow("ECONNREFUSED");
    await run("local", "start");
    await expect.poll(() => answer("globex")).toBe("200 globex");
  });
});
