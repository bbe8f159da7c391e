import { randomUUID } from "node:crypto";
import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";

/** Makes the tenant's organization (id = tenant id) or renames it; answers whether it wrote. Its parent is the main one. */
export async function upsertOrganization(
  client: Queryable,
  tenantId: string,
  slug: string,
  name: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO identity.organization AS o (id, slug, name, parent_id)
     VALUES ($1, $2, $3, (SELECT id FROM identity.organization WHERE is_main))
     ON CONFLICT (id) DO UPDATE SET name = $3, updated_at = now() WHERE o.name IS DISTINCT FROM $3`,
    [tenantId, slug, name],
  );
  return rowCount === 1;
}

/** The organization that owns the platform; made once, renamed when the config says so. Answers its id. */
export async function ensureMainOrganization(
  client: Client,
  main: { readonly slug: string; readonly displayName: string },
): Promise<string> {
  return withTransaction(client, async () => {
    await client.query(
      `INSERT INTO identity.organization (id, slug, name, is_main)
       SELECT $1, $2, $3, true WHERE NOT EXISTS (SELECT FROM identity.organization WHERE is_main)
       ON CONFLICT (is_main) WHERE is_main DO NOTHING`,
      [randomUUID(), main.slug, main.displayName],
    );
    await client.query(
      `UPDATE identity.organization SET slug = $1, name = $2, updated_at = now()
        WHERE is_main AND (slug, name) IS DISTINCT FROM ($1, $2)`,
      [main.slug, main.displayName],
    );
    const { rows } = await client.query("SELECT id FROM identity.organization WHERE is_main");
    await seedMainProviders(client, rows[0].id);
    return rows[0].id;
  });
}

/** The main tenant's ways to sign in beside its own: there, and off until somebody turns them on, which stays. */
async function seedMainProviders(client: Queryable, organizationId: string): Promise<void> {
  await client.query(
    `INSERT INTO identity.identity_provider (organization_id, kind, name)
     VALUES ($1, 'google', 'Google'), ($1, 'microsoft', 'Microsoft') ON CONFLICT (organization_id, kind) DO NOTHING`,
    [organizationId],
  );
}

/** A tenant's organization, or undefined. */
export async function readOrganization(
  client: Queryable,
  tenantId: string,
): Promise<{ readonly id: string; readonly name: string } | undefined> {
  const { rows } = await client.query("SELECT id, name FROM identity.organization WHERE id = $1", [tenantId]);
  return rows[0];
}
