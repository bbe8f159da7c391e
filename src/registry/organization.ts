import { randomUUID } from "node:crypto";
import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";

/** What a tenant's organization is. */
export interface OrganizationWish {
  readonly tenantId: string;
  readonly slug: string;
  readonly name: string;
  /** Slug of the tenant above; the main tenant when undefined. */
  readonly parent: string | undefined;
}

/**
 * Makes the tenant's organization (id = tenant id), or changes its name and parent; answers whether it wrote. Throws
 * `E_ILLEGAL_TRANSITION` for a parent that was never registered.
 */
export async function upsertOrganization(
  client: Queryable,
  { tenantId, slug, name, parent }: OrganizationWish,
): Promise<boolean> {
  const parentId = await findParent(client, slug, parent);
  const { rowCount } = await client.query(
    `INSERT INTO identity.organization AS o (id, slug, name, parent_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO UPDATE SET name = $3, parent_id = $4, updated_at = now()
       WHERE (o.name, o.parent_id) IS DISTINCT FROM ($3, $4::uuid)`,
    [tenantId, slug, name, parentId],
  );
  return rowCount === 1;
}

/** Null where there is no main tenant. */
async function findParent(
  client: Queryable,
  slug: string,
  parent: string | undefined,
): Promise<string | null> {
  const { rows } = await client.query(
    parent === undefined
      ? "SELECT id FROM identity.organization WHERE is_main"
      : `SELECT o.id FROM identity.organization o JOIN identity.tenant t ON t.id = o.id
          WHERE t.slug = $1 AND t.status <> 'purged'`,
    parent === undefined ? [] : [parent],
  );
  if (rows[0] !== undefined || parent === undefined) return rows[0]?.id ?? null;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}': its parent '${parent}' isn't registered yet; expected it to be up first.`,
    { hint: `Run \`tenantry up ${parent} ${slug}\`: parents come first.` },
  );
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

/** A tenant's organization. */
export interface OrganizationRow {
  readonly id: string;
  readonly name: string;
  /** Slug of the living tenant above; undefined below the main tenant. */
  readonly parent?: string;
}

/** A tenant's organization, or undefined. */
export async function readOrganization(
  client: Queryable,
  tenantId: string,
): Promise<OrganizationRow | undefined> {
  const { rows } = await client.query(
    `SELECT o.id, o.name, t.slug AS parent FROM identity.organization o
       LEFT JOIN identity.tenant t ON t.id = o.parent_id AND t.status <> 'purged' WHERE o.id = $1`,
    [tenantId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { id, name, parent } = row;
  return parent === null ? { id, name } : { id, name, parent };
}
