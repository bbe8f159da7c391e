import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, query, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

describe.sequential("`tenantry export` and `tenantry certificate`", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let url: string;
  let entry: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    await run(["up", "--platform", "acme"]);
    cloud = await enterCloud(workspace);
    url = await tenantUrl(cloud, "acme");
    entry = workspace.read("tenants/acme.yaml");
  });
  afterAll(() => workspace.dispose());

  const run = async (argv: readonly string[]) => {
    const result = await workspace.tenantry(argv);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result.stdout;
  };
  const purge = async () => {
    workspace.write("tenants/acme.yaml", entry.replace("status: active", "status: deleted"));
    await run(["up", "acme"]);
    await run(["destroy", "acme", "--purge", "--confirm", "acme"]);
  };

  test("an export has entry and registration in the documented shape, and no password", async () => {
    const text = await run(["export", "acme"]);
    const exported = JSON.parse(text);
    expect(Object.keys(exported)).toEqual([
      "document",
      "version",
      "environment",
      "slug",
      "entry",
      "registration",
    ]);
    expect(exported).toMatchObject({
      ...{ document: "tenantry export", version: 1, environment: "local", slug: "acme" },
      entry: { slug: "acme", status: "active" },
      registration: { status: "active", databaseName: "tenant_acme", secretName: "tenant-db-acme" },
    });
    expect(exported.registration.organization).toEqual({
      id: exported.registration.id,
      name: exported.registration.displayName,
    });
    expect(text).not.toContain(new URL(url).password);
    const neither = await workspace.tenantry(["export", "nobody-here"]);
    expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining("E_INVALID_ENTRY: ")]);
  });

  test("a living tenant gets no certificate, and one that never was neither", async () => {
    const living = await workspace.tenantry(["certificate", "acme"]);
    expect([living.code, living.stderr]).toEqual([
      3,
      "E_ILLEGAL_TRANSITION: Tenant 'acme' is 'active'; expected a purged one: nothing of it is destroyed.\n",
    ]);
    expect((await workspace.tenantry(["certificate", "nobody-here"])).code).toBe(3);
  });

  test("a purge takes every backup but the final one with it, and the certificate says so", async () => {
    const manual = JSON.parse(
      (await run(["backup", "acme", "--json"])).trim().split("\n").at(-1) ?? "",
    ).details;
    await purge();
    expect(existsSync(fileURLToPath(manual.location))).toBe(false);
    const certificate = JSON.parse(await run(["certificate", "acme"]));
    expect(certificate).toMatchObject({ document: "tenantry certificate", version: 1, slug: "acme" });
    const [life] = certificate.lives;
    expect(certificate.lives).toHaveLength(1);
    expect(life.destroyed).toEqual({
      ...{ server: expect.stringMatching(/^db-0/), database: "tenant_acme", role: "tenant_acme_owner" },
      ...{ secret: "tenant-db-acme", hosts: ["acme.local.tenantry.test"] },
      backups: [{ id: manual.id, kind: "manual", deletedAt: expect.any(String) }],
    });
    expect(life.destroyedBy.osUser).toBeTypeOf("string");
    const [final] = life.outlives.backups;
    expect(life.outlives.backups).toHaveLength(1);
    expect(final.kind).toBe("final");
    expect(existsSync(fileURLToPath(final.location))).toBe(true);
    const days = (Date.parse(final.keptUntil) - Date.parse(final.takenAt)) / 86_400_000;
    expect(days).toBe(90);
    const rows = await query(
      cloud.master.url,
      "SELECT count(*)::int AS n FROM identity.tenant_audit WHERE slug = 'acme'",
    );
    expect(rows).toEqual([{ n: life.outlives.auditRows }]);
  });

  test("a final backup of a purged tenant can still be verified", async () => {
    await run(["backup", "verify", "acme"]);
  });

  test("of several lives each is certified; the earlier one also while the slug lives again", async () => {
    const [first] = JSON.parse(await run(["certificate", "acme"])).lives;
    workspace.write("tenants/acme.yaml", entry);
    await run(["up", "acme"]);
    const refused = await workspace.tenantry(["certificate", "acme"]);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("`--life <id>` certifies")]);
    expect(JSON.parse(await run(["certificate", "acme", "--life", first.id])).lives).toEqual([
      { ...first, outlives: { ...first.outlives } },
    ]);
    await purge();
    const { lives } = JSON.parse(await run(["certificate", "acme"]));
    expect(lives.map(({ id }: { id: string }) => id === first.id)).toEqual([true, false]);
  });
});
