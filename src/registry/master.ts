import { type Client, ident, type MigrationFile, migrate, type Queryable } from "../postgres/index.ts";

/** Columns of the outbox that a reader may see: all but the payload, whose link is a secret (PRODUCT.md item 13). */
const OUTBOX_COLUMNS = "id, tenant_id, kind, recipient, created_at, released_at, revoked_at, sent_at";

/** Brings master's schema up to date; answers the names of the files it applied. */
export async function migrateMaster(
  client: Client,
  files: readonly MigrationFile[],
): Promise<readonly string[]> {
  return (await migrate(client, files)).applied.map((file) => file.fileName);
}

/** Lets a role read master but for the outbox's links; writes nothing when it may already. Answers whether it wrote. */
export async function grantRead(client: Queryable, role: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT c.oid::regclass::text AS name,
            CASE WHEN c.oid = 'identity.outbox'::regclass THEN has_column_privilege($1, c.oid, 'recipient', 'SELECT')
                 ELSE has_table_privilege($1, c.oid, 'SELECT') END
              AND has_schema_privilege($1, c.relnamespace, 'USAGE') AS is_granted
       FROM pg_class c WHERE c.relnamespace IN ('identity'::regnamespace, 'tenantry'::regnamespace) AND c.relkind = 'r'`,
    [role],
  );
  if (rows.every((row) => row.is_granted)) return false;
  const tables = rows.map((row) => row.name).filter((name) => name !== "identity.outbox");
  await client.query(`GRANT USAGE ON SCHEMA identity, tenantry TO ${ident(role)}`);
  await client.query(`GRANT SELECT ON ${tables.join(", ")} TO ${ident(role)}`);
  await client.query(`GRANT SELECT (${OUTBOX_COLUMNS}) ON identity.outbox TO ${ident(role)}`);
  return true;
}
