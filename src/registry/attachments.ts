import type { DatabaseBefore, Queryable } from "../postgres/index.ts";

/** A tenant's database that was there before the tenant. */
export interface Attachment {
  readonly tenantId: string;
  readonly server: string;
  readonly database: string;
  readonly previous: DatabaseBefore;
}

/** Notes how a database was before anything of it is touched; the last note of a tenant counts. */
export async function recordAttachment(client: Queryable, attachment: Attachment): Promise<void> {
  const { tenantId, server, database, previous } = attachment;
  await client.query(
    `INSERT INTO identity.attachment (tenant_id, server, database, previous) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id) DO UPDATE SET server = $2, database = $3, previous = $4`,
    [tenantId, server, database, JSON.stringify(previous)],
  );
}

/** What an undo of this tenant's first run has to give back instead of dropping it; undefined for a database of our own making. */
export async function readAttachment(client: Queryable, tenantId: string): Promise<Attachment | undefined> {
  const { rows } = await client.query(
    `SELECT tenant_id AS "tenantId", server, database, previous FROM identity.attachment WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0];
}
