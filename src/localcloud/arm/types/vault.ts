import type { VaultProperties } from "../../service.ts";
import { ArmError } from "../armError.ts";
import type { ArmResource, JsonMap } from "../armResource.ts";
import type { ArmType, Put, PutCall, Site } from "../armType.ts";
import { words } from "../shape.ts";

const TYPE = "Microsoft.KeyVault/vaults";
/** Where a deleted vault waits to be recovered: its id with this in place of the type. */
export const DELETED_VAULT_TYPE = "Microsoft.KeyVault/deletedVaults";

/** A key vault: a data plane of its own, soft-deleted first and recovered with `createMode: recover`. */
export const vault: ArmType = {
  type: TYPE,
  apiVersions: ["2023-07-01", "2024-11-01"],
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
    await site.state.set({ ...resource, id: deletedId(resource.id), type: DELETED_VAULT_TYPE });
  },
};

async function put(call: PutCall): Promise<Put> {
  const { site, envelope, properties, existing } = call;
  const deleted = site.state.get(deletedId(call.formattedId));
  const { createMode = "default", ...given } = properties;
  refuseClash(call, deleted, createMode === "recover");
  refuseWeakening(given, existing?.properties);
  const name = existing?.name ?? call.id.names[0] ?? "";
  const all: JsonMap = { ...DEFAULTS, ...deleted?.properties, ...given };
  const { url } = await site.vaults.ensure(name, vaultProperties(all));
  if (deleted !== undefined) await site.state.delete(deleted.id);
  return {
    envelope,
    properties: { ...all, vaultUri: `${url.replace(/\/$/, "")}/`, provisioningState: "Succeeded" },
  };
}

const DEFAULTS: JsonMap = {
  enableRbacAuthorization: false,
  enableSoftDelete: true,
  softDeleteRetentionInDays: 90,
  publicNetworkAccess: "Enabled",
};

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
      `The vault name '${name}' is already in use (${elsewhere.id}).`,
    );
  }
  if (existing !== undefined) return;
  if (deleted !== undefined && !isRecovery) {
    throw new ArmError(
      409,
      "ConflictError",
      `A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault '${name}'.`,
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

/** Purge protection is for ever, and soft delete can't be switched off. */
function refuseWeakening(given: JsonMap, old: JsonMap | undefined): void {
  if (given.enableSoftDelete === false) {
    throw new ArmError(
      400,
      "BadRequest",
      "The property 'enableSoftDelete' must be true: a vault is always deleted softly.",
    );
  }
  if (old?.enablePurgeProtection === true && given.enablePurgeProtection === false) {
    throw new ArmError(
      400,
      "BadRequest",
      "The property 'enablePurgeProtection' cannot be set to false once it is true.",
    );
  }
  const days = given.softDeleteRetentionInDays;
  if (typeof days === "number" && (days < 7 || days > 90)) {
    throw new ArmError(
      400,
      "BadRequest",
      `The property 'softDeleteRetentionInDays' must be between 7 and 90; got ${days}.`,
    );
  }
}

function deletedId(id: string): string {
  return id.replace(/\/providers\/microsoft\.keyvault\/vaults\//i, `/providers/${DELETED_VAULT_TYPE}/`);
}

/** Starts the data plane of every vault again, after a restart of the local cloud. */
export async function startVaults({ state, vaults }: Site): Promise<void> {
  for (const { name, properties } of state.ofType(TYPE))
    await vaults.ensure(name, vaultProperties(properties));
}
