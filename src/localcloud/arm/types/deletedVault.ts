import { type ArmResource, text } from "../armResource.ts";
import type { Site } from "../armType.ts";

/** Where a deleted vault waits to be recovered: its id with this in place of the type. */
export const DELETED_VAULT_TYPE = "Microsoft.KeyVault/deletedVaults";
/** How long it waits unless the vault says otherwise. */
const RETENTION_DAYS = 90;
const DAY_MS = 86_400_000;

/** Id in the state of what a vault with this id leaves when it is deleted. */
export function deletedId(id: string): string {
  return id.replace(/\/providers\/microsoft\.keyvault\/vaults\//i, `/providers/${DELETED_VAULT_TYPE}/`);
}

/** What a vault leaves behind. */
export function asDeleted(resource: ArmResource, nowMs: number): ArmResource {
  return {
    ...resource,
    id: deletedId(resource.id),
    type: DELETED_VAULT_TYPE,
    hidden: { ...resource.hidden, vaultId: resource.id, deletedAt: new Date(nowMs).toISOString() },
  };
}

/** Id of the vault that was deleted. */
export function vaultIdOf({ id, hidden }: ArmResource): string {
  return text(hidden, "vaultId") ?? id.replace(`/${DELETED_VAULT_TYPE}/`, "/Microsoft.KeyVault/vaults/");
}

/** When it was deleted and when its retention is over, in ms. */
export function datesOf({ hidden, properties, lastModifiedAt }: ArmResource): {
  readonly deletedAt: number;
  readonly purgedAt: number;
} {
  const deletedAt = Date.parse(text(hidden, "deletedAt") ?? lastModifiedAt);
  const days = Number(properties.softDeleteRetentionInDays ?? RETENTION_DAYS);
  return { deletedAt, purgedAt: deletedAt + days * DAY_MS };
}

/** Forgets a deleted vault and every secret in it; one that was recovered meanwhile is left alone. */
export async function purgeVault({ state, vaults }: Site, id: string): Promise<void> {
  const deleted = state.get(id);
  if (deleted === undefined) return;
  await vaults.purge(deleted.name);
  await state.delete(id);
}

/** Forgets every deleted vault whose retention is over, protected from purging or not. */
export async function purgeExpired(site: Site): Promise<void> {
  const expired = site.state
    .ofType(DELETED_VAULT_TYPE)
    .filter((deleted) => datesOf(deleted).purgedAt <= site.now());
  for (const { id } of expired) await purgeVault(site, id);
}
