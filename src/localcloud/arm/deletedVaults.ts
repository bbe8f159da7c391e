import { ArmError, unsupported } from "./armError.ts";
import type { ArmResource, JsonMap } from "./armResource.ts";
import type { Site } from "./armType.ts";
import { plainLocation } from "./location.ts";
import type { Operations } from "./operations.ts";
import { checkKnownParameters, checkVersion } from "./requestChecks.ts";
import type { ResourceAnswer } from "./resourceHandler.ts";
import type { ResourceId } from "./resourceId.ts";
import { DELETED_VAULT_TYPE, datesOf, purgeExpired, purgeVault, vaultIdOf } from "./types/deletedVault.ts";
import { vault } from "./types/vault.ts";

export interface DeletedVaultCall {
  readonly site: Site;
  readonly operations: Operations;
  readonly id: ResourceId;
  readonly method: string;
  readonly url: URL;
  readonly apiVersion: string;
}

const LIST = "microsoft.keyvault/deletedvaults";
const ONE = "microsoft.keyvault/locations/deletedvaults";
const PURGE = `${ONE}/purge`;

/** True for the subscription's deleted vaults: their list, one by location and name, and its purge. */
export function isDeletedVaultPath({ group, type, names, isCollection }: ResourceId): boolean {
  const path = type.toLowerCase();
  if (group !== "") return false;
  return path === LIST ? isCollection : [ONE, PURGE].includes(path) && names.length === 2;
}

/** Key Vault's "List Deleted", "Get Deleted" and "Purge Deleted". */
export async function answerDeletedVaults(call: DeletedVaultCall): Promise<ResourceAnswer> {
  const { site, operations, id, method, url, apiVersion } = call;
  const path = id.type.toLowerCase();
  checkVersion(DELETED_VAULT_TYPE, vault.apiVersions, apiVersion);
  if (method !== (path === PURGE ? "POST" : "GET"))
    throw unsupported(`The local cloud does not answer ${method} for ${id.type}.`);
  checkKnownParameters(url, [], DELETED_VAULT_TYPE);
  await site.state.exclusively(() => purgeExpired(site));
  if (path === LIST) return { status: 200, body: { value: deletedVaults(call).map(present) } };
  const found = find(call);
  if (path === ONE) return { status: 200, body: present(found) };
  if (found.properties.enablePurgeProtection === true)
    throw new ArmError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.");
  const purge = () => site.state.exclusively(() => purgeVault(site, found.id));
  return { status: 202, location: operations.start(purge) };
}

function deletedVaults({ site, id }: DeletedVaultCall): readonly ArmResource[] {
  return site.state.ofType(DELETED_VAULT_TYPE, `/subscriptions/${id.subscriptionId}`);
}

function find(call: DeletedVaultCall): ArmResource {
  const [location = "", name = ""] = call.id.names;
  const found = deletedVaults(call).find(
    (each) => each.name.toLowerCase() === name.toLowerCase() && locationOf(each) === plainLocation(location),
  );
  if (found !== undefined) return found;
  const message = `The deleted vault '${name}' in location '${location}' could not be found.`;
  throw new ArmError(404, "DeletedVaultNotFound", message);
}

function present(deleted: ArmResource): JsonMap {
  const [, , subscriptionId] = deleted.id.split("/");
  const location = locationOf(deleted);
  const { deletedAt, purgedAt } = datesOf(deleted);
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${deleted.name}`,
    name: deleted.name,
    type: DELETED_VAULT_TYPE,
    properties: {
      vaultId: vaultIdOf(deleted),
      location,
      tags: deleted.envelope.tags ?? {},
      deletionDate: new Date(deletedAt).toISOString(),
      scheduledPurgeDate: new Date(purgedAt).toISOString(),
      purgeProtectionEnabled: deleted.properties.enablePurgeProtection === true,
    },
  };
}

function locationOf({ envelope }: ArmResource): string {
  return plainLocation(String(envelope.location ?? ""));
}
