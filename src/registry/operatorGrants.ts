import type { Queryable } from "../postgres/index.ts";

/** An operator of the platform who was let into a tenant. */
export interface OperatorGrant {
  readonly operator: string;
  /** One of the tenant's ten roles. */
  readonly role: string;
}

/** Who was let in, by address. */
export async function listOperatorGrants(
  client: Queryable,
  tenantId: string,
): Promise<readonly OperatorGrant[]> {
  const { rows } = await client.query(
    "SELECT operator, role FROM identity.operator_grant WHERE tenant_id = $1 ORDER BY operator",
    [tenantId],
  );
  return rows;
}

/** Lets an operator in, or changes the role; answers whether it wrote. */
export async function upsertOperatorGrant(
  client: Queryable,
  tenantId: string,
  { operator, role }: OperatorGrant,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO identity.operator_grant AS g (tenant_id, operator, role) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id, operator) DO UPDATE SET role = $3, granted_at = now() WHERE g.role <> $3`,
    [tenantId, operator, role],
  );
  return rowCount === 1;
}

/** Takes it back; answers whether there was one. */
export async function removeOperatorGrant(
  client: Queryable,
  tenantId: string,
  operator: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    "DELETE FROM identity.operator_grant WHERE tenant_id = $1 AND operator = $2",
    [tenantId, operator],
  );
  return rowCount === 1;
}
