import type { VaultProperties } from "../../service.ts";
import { ArmError } from "../armError.ts";
import type { ArmResource, JsonMap } from "../armResource.ts";
import type { ArmType, Put, PutCall, Site } from "../armType.ts";
import { words } from "../shape.ts";
import { asDeleted, DELETED_VAULT_TYPE, deletedId, purgeExpired } from "./deletedVault.ts";

const TYPE = "Microsoft.KeyVault/vaults";
/** From here on a new vault uses Azure roles instead of access policies unless it says otherwise. */
const FIRST_RBAC_VERSION = "2026-02-01";

/** A key vault: a data plane of its own, soft-deleted first and recovered with `createMode: recover`. */
export const vault: ArmType = {
  type: TYPE,
  apiVersions: ["2023-07-01", "2024-11-01", FIRST_RBAC_VERSION],
  name: {
    pattern: /^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$/,
    rule: "3 to 24 letters, digits and single hyphens, a letter first",
  },
  envelope: { "location!": "string", tags: "map" },
  properties: {
    "tenantId!": "string",
    "sku!": { "family!": words("A"), "name!": words("standard", "premium") },
    createMode: words("default", "recover"),
    enableRbacAuthorization: "boolean",
    enableSoftDelete: "boolean",
    enablePurgeProtection: "boolean",
    enabledForDeployment: "boolean",
    enabledForDiskEncryption: "boolean",
    enabledForTemplateDeployment: "boolean",
    publicNetworkAccess: words("enabled", "disabled"),
    softDeleteRetentionInDays: "number",
    vaultUri: "readOnly",
    provisioningState: "readOnly",
    hsmPoolResourceId: "readOnly",
    privateEndpointConnections: "readOnly",
  },
  isPropertiesRequired: true,
  isAsync: false,
  put,
  remove: async ({ site, resource }) => {
    await site.vaults.stop(resource.name);
    await site.state.set(asDeleted(resource, site.now()));
  },
};

async function put(call: PutCall): Promise<Put> {
  const { site, envelope, properties, existing } = call;
  await purgeExpired(site);
  const deleted = site.state.get(deletedId(call.formattedId));
  const { createMode = "default", ...given } = properties;
  refuseClash(call, deleted, createMode === "recover");
  refuseWeakening(given, (existing ?? deleted)?.properties);
  const name = existing?.name ?? call.id.names[0] ?? "";
  const all: JsonMap = { ...defaultsOf(call), ...deleted?.properties, ...given };
  const { url } = await site.vaults.ensure(name, vaultProperties(all));
  if (deleted !== undefined) await site.state.delete(deleted.id);
  return {
    envelope,
    properties: { ...all, vaultUri: `${url.replace(/\/$/, "")}/`, provisioningState: "Succeeded" },
  };
}

/** What a body that leaves it out means: for a new vault Azure's defaults, for an old one what stays as it is. */
function defaultsOf({ existing, apiVersion }: PutCall): JsonMap {
  const { enableRbacAuthorization, enablePurgeProtection, softDeleteRetentionInDays } =
    existing?.properties ?? {};
  return {
    enableRbacAuthorization: enableRbacAuthorization ?? apiVersion >= FIRST_RBAC_VERSION,
    enableSoftDelete: true,
    softDeleteRetentionInDays: softDeleteRetentionInDays ?? 90,
    publicNetworkAccess: "Enabled",
    ...(enablePurgeProtection === true ? { enablePurgeProtection } : {}),
  };
}

/** What the data plane must know of a vault's properties. */
function vaultProperties({ softDeleteRetentionInDays, enablePurgeProtection }: JsonMap): VaultProperties {
  const isPurgeProtected = enablePurgeProtection === true;
  if (typeof softDeleteRetentionInDays !== "number") return { isPurgeProtected };
  return { isPurgeProtected, softDeleteRetentionDays: softDeleteRetentionInDays };
}

function refuseClash(
  { id, existing, site }: PutCall,
  deleted: ArmResource | undefined,
  isRecovery: boolean,
): void {
  const name = id.names[0] ?? "";
  const elsewhere = [...site.state.ofType(TYPE), ...site.state.ofType(DELETED_VAULT_TYPE)].find(
    (other) =>
      other.name.toLowerCase() === name.toLowerCase() &&
      other.id !== existing?.id &&
      other.id !== deleted?.id,
  );
  if (elsewhere !== undefined) {
    throw new ArmError(
      409,
      "VaultAlreadyExists",
      `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.`,
    );
  }
  if (existing !== undefined) return;
  if (deleted !== undefined && !isRecovery) {
    throw new ArmError(
      409,
      "ConflictError",
      "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
    );
  }
  if (deleted === undefined && isRecovery) {
    throw new ArmError(
      404,
      "SoftDeletedVaultDoesNotExist",
      `A soft deleted vault with the given name '${name}' does not exist.`,
    );
  }
}

/** Purge protection is for ever, soft delete can't be switched off, and its time is set once. */
function refuseWeakening(given: JsonMap, old: JsonMap | undefined): void {
  if (given.enableSoftDelete === false)
    throw badRequest(
      'The property "enableSoftDelete" must be true: the local cloud always deletes a vault softly.',
    );
  if (given.enablePurgeProtection === false)
    throw badRequest(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    );
  const days = given.softDeleteRetentionInDays;
  if (typeof days !== "number") return;
  if (days < 7 || days > 90)
    throw badRequest(`The property "softDeleteRetentionInDays" must be between 7 and 90; got ${days}.`);
  if (old !== undefined && old.softDeleteRetentionInDays !== days)
    throw badRequest(
      'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    );
}

function badRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", message);
}

/** Starts the data plane of every vault again, after a restart of the local cloud. */
export async function startVaults(site: Site): Promise<void> {
  const { state, vaults } = site;
  await purgeExpired(site);
  for (const { name, properties } of state.ofType(TYPE))
    await vaults.ensure(name, vaultProperties(properties));
}
