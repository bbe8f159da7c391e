import { expect } from "vitest";
import { checksum, type World } from "./world.ts";

/** The one migration of these tests. */
export const FIRST = "CREATE SCHEMA app;\nCREATE TABLE app.patient (id int PRIMARY KEY);\n";
export const FILES = { "0001_patients.sql": checksum(FIRST) };

/** One of everything, whatever was killed before. */
export async function expectWhole(world: World, slug: string): Promise<void> {
  const database = `tenant_${slug.replaceAll("-", "_")}`;
  expect(await world.master("SELECT status FROM identity.tenant WHERE slug = $1", [slug])).toEqual([
    { status: "active" },
  ]);
  expect(
    await world.master(
      "SELECT count(*)::int AS n FROM identity.outbox o JOIN identity.tenant t ON t.id = tenant_id WHERE slug = $1 AND revoked_at IS NULL AND released_at IS NOT NULL",
      [slug],
    ),
  ).toEqual([{ n: 1 }]);
  const phases = await world.master(
    "SELECT DISTINCT phase FROM identity.tenant_phase p JOIN identity.tenant t ON t.id = tenant_id WHERE slug = $1",
    [slug],
  );
  expect(phases).toHaveLength(8);
  expect(await world.query(database, "SELECT count(*)::int AS n FROM tenantry.admin")).toEqual([{ n: 1 }]);
  expect(await world.query(database, "SELECT version FROM tenantry.migration")).toEqual([
    { version: "0001" },
  ]);
  for (const name of [`tenant-db-${slug}`, `tenant-client-${slug}`, `tenant-key-${slug}--default`])
    expect(world.vault.secrets.get(name)?.versions, name).toHaveLength(1);
  expect(await world.query(database, "SELECT count(*)::int AS n FROM tenantry.role")).toEqual([{ n: 10 }]);
}
