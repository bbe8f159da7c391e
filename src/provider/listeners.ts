import { callFacts, factsOf, loadListeners, type TenantFacts, tellListeners } from "../listeners/index.ts";
import type { Client } from "../postgres/index.ts";
import {
  announce,
  isSameJson,
  type ListenerEvent,
  readOpenCalls,
  readRecordById,
  type TenantRow,
} from "../registry/index.ts";
import { InternalError } from "../tenant/errors.ts";
import type { Run } from "./run.ts";

/** Names of the user's listeners that hear an event. Throws `E_INVALID_ENTRY` for files that can't be read. */
export async function listenersOf(run: Run, event: ListenerEvent): Promise<readonly string[]> {
  const declarations = await loadListeners(run.listenerRoot);
  return declarations.filter(({ events }) => events.includes(event)).map(({ name }) => name);
}

/**
 * Tells a tenant's listeners what they haven't heard, earlier failures too. Throws `E_ILLEGAL_TRANSITION` for one that
 * stops its operation.
 */
export async function tellOpenCalls(run: Run, tenantId: string): Promise<void> {
  const { listenerRoot: root, signal, madeCalls, access } = run;
  const open = await access.withMaster((client) => readOpenCalls(client, tenantId));
  const calls = open.filter(({ key, attempts }) => attempts === 0 || !madeCalls.has(key));
  if (calls.length === 0) return;
  run.point("before listeners");
  for (const { key } of calls) madeCalls.add(key);
  const { withMaster } = access;
  const declarations = await loadListeners(root);
  await tellListeners(calls, { root, declarations, signal, withMaster, log: run.log, warn: run.warn });
  run.point("after listeners");
}

/** Notes in the transaction of a registration what its listeners will hear; a change that they can't see is none. */
export async function announceRegistration(
  client: Client,
  outcome: "registered" | "updated",
  { tenantId, old }: { readonly tenantId: string; readonly old: TenantFacts },
  listeners: Readonly<Record<"onTenantCreated" | "onTenantUpdated", readonly string[]>>,
): Promise<void> {
  const record = await readRecordById(client, tenantId);
  if (record === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
  const now = factsOf(record);
  if (outcome === "registered") {
    const event = "onTenantCreated";
    await announce(client, {
      tenantId,
      event,
      occasion: "",
      listeners: listeners[event],
      facts: callFacts(now),
    });
  } else if (!isSameJson(old, now)) {
    const event = "onTenantUpdated";
    const occasion = String(record.cacheEpoch);
    await announce(client, {
      tenantId,
      event,
      occasion,
      listeners: listeners[event],
      facts: callFacts(old, now),
    });
  }
}

/** Notes an event that there is one of in a life, with the record as it is now. */
export async function announceRecord(
  client: Client,
  event: ListenerEvent,
  record: TenantRow,
  listeners: readonly string[],
): Promise<void> {
  const facts = callFacts(factsOf(record));
  await announce(client, { tenantId: record.id, event, occasion: "", listeners, facts });
}
