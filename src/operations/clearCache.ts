import { appendAudit, raiseCacheEpoch, readRecord } from "../registry/index.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";

/** What came of {@link clearCache}. */
export interface ClearedCache {
  readonly slug: string;
  /** The tenant's cache epoch from now on: whoever holds an older one drops what it holds. */
  readonly cacheEpoch: number;
}

/**
 * Makes everybody who caches something of the tenant drop it: raises its cache epoch in master and tells listeners (NOTIFY).
 * Each call raises it. Throws `E_ILLEGAL_TRANSITION` where the slug has no record.
 */
export async function clearCache(context: OperationContext, slug: string): Promise<ClearedCache> {
  return context.access.withMaster(async (client) => {
    const record = await readRecord(client, slug);
    if (record === undefined) throw missingRecord(slug);
    const cacheEpoch = await raiseCacheEpoch(client, record.id);
    await appendAudit(client, { tenantId: record.id, slug }, "TENANT_CACHE_CLEARED", context.run, {
      cacheEpoch,
    });
    return { slug, cacheEpoch };
  });
}
