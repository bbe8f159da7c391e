import type { Queryable } from "../postgres/index.ts";

/** What a tenant was before it was deleted. */
export type StatusBefore =
  | { readonly status: "active" }
  | { readonly status: "suspended"; readonly suspendReason?: string };

/** What a tenant was before its last delete, as the audit knows it; `active` where it was never deleted. */
export async function statusBeforeDelete(client: Queryable, tenantId: string): Promise<StatusBefore> {
  const { rows: deletes } = await client.query(
    `SELECT details->>'from' AS status FROM identity.tenant_audit
      WHERE tenant_id = $1 AND event_type = 'TENANT_DELETING' ORDER BY id DESC LIMIT 1`,
    [tenantId],
  );
  if (deletes[0]?.status !== "suspended") return { status: "active" };
  const { rows } = await client.query(
    `SELECT CASE event_type WHEN 'TENANT_UPDATED' THEN details #>> '{changes,suspendReason,new}'
                            ELSE details->>'reason' END AS reason
       FROM identity.tenant_audit
      WHERE tenant_id = $1 AND (details->>'to' = 'suspended' OR details #> '{changes,suspendReason}' IS NOT NULL)
      ORDER BY id DESC LIMIT 1`,
    [tenantId],
  );
  const reason: string | null | undefined = rows[0]?.reason;
  return { status: "suspended", ...(typeof reason === "string" ? { suspendReason: reason } : {}) };
}
