import { appendAudit, readRecord } from "../registry/index.ts";
import { domainNames } from "../tenant/edgeNames.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";

/** Azure's states of a validation that goes no further by itself (Microsoft, "Domains in Azure Front Door"). */
const STUCK = ["TimedOut", "Rejected", "PendingRevalidation"];

/**
 * Asks Front Door for another token for each of a customer's hosts whose validation expired or was refused; answers those
 * hosts. `hosts` begin with the tenant's own, whose record the stack keeps. Once more changes nothing.
 */
export async function renewDomains(
  context: OperationContext,
  slug: string,
  hosts: readonly string[],
): Promise<readonly string[]> {
  const { access, note, run } = context;
  const renewed: string[] = [];
  for (const { host, name } of domainNames(slug, hosts).slice(1)) {
    const domain = await access.edge.customDomain(name);
    if (domain === undefined || !STUCK.includes(domain.validationState)) continue;
    await access.edge.renewValidation(name);
    context.point("renewDomains:renewed");
    note(`${host}: its validation was '${domain.validationState}'; \`status ${slug}\` shows the new token`);
    renewed.push(host);
  }
  if (renewed.length === 0) return renewed;
  await access.withMaster(async (client) => {
    const record = await readRecord(client, slug);
    if (record === undefined) throw missingRecord(slug);
    await appendAudit(client, { tenantId: record.id, slug }, "TENANT_DOMAINS_RENEWED", run, {
      hosts: renewed,
    });
  });
  return renewed;
}
