import type { OperatorGrant } from "../registry/index.ts";
import { inOwnTables } from "./ownTables.ts";
import type { TenantContext } from "./tenantContext.ts";
import { ensureTenantSchema } from "./tenantSchema.ts";

/** Makes a tenant's database know exactly these operators; answers how many rows changed. */
export async function writeOperators(
  context: TenantContext,
  grants: readonly OperatorGrant[],
): Promise<number> {
  await ensureTenantSchema(context);
  const { client, role } = context;
  const body = async () => {
    const removed = await client.query("DELETE FROM tenantry.operator WHERE email <> ALL ($1)", [
      grants.map(({ operator }) => operator),
    ]);
    const written = await client.query(
      `INSERT INTO tenantry.operator AS o (email, role)
       SELECT w.operator, w.role FROM jsonb_to_recordset($1::jsonb) AS w(operator text, role text)
       ON CONFLICT (email) DO UPDATE SET role = excluded.role WHERE o.role <> excluded.role`,
      [JSON.stringify(grants)],
    );
    return (removed.rowCount ?? 0) + (written.rowCount ?? 0);
  };
  return inOwnTables(context, ["operator"], "write", body, { role });
}
