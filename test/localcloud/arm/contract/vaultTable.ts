import { expect } from "vitest";
import { GROUP, SUBSCRIPTION } from "../harness.ts";
import { DATE, type Row, SYSTEM_DATA } from "./rows.ts";

export const VERSION = "2024-11-01";
export const PAGES = "https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults";
export const SOFT_DELETE = "https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview";
export const VAULT = "Microsoft.KeyVault/vaults/kv-one";
export const IN_SUBSCRIPTION = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.KeyVault`;
export const DELETED = `${IN_SUBSCRIPTION}/locations/westeurope/deletedVaults/kv-one`;

export const body = (properties: object = {}, tenantId = "00000000-0000-0000-0000-000000000000") => ({
  location: "westeurope",
  properties: { tenantId, sku: { family: "A", name: "standard" }, ...properties },
});
const vault = (properties: object = {}) => ({
  id: `${GROUP}/providers/${VAULT}`,
  name: "kv-one",
  type: "Microsoft.KeyVault/vaults",
  location: "westeurope",
  properties: {
    tenantId: "00000000-0000-0000-0000-000000000000",
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: false,
    enableSoftDelete: true,
    softDeleteRetentionInDays: 90,
    publicNetworkAccess: "Enabled",
    vaultUri: "https://127.0.0.1:1/kv-one/",
    provisioningState: "Succeeded",
    ...properties,
  },
  systemData: SYSTEM_DATA,
});
const CONFLICT =
  "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.";

export const ROWS: readonly Row[] = [
  {
    what: "PUT makes a vault: 201, with the defaults that the page gives",
    page: `${PAGES}/create-or-update`,
    request: ["PUT", VAULT, VERSION, body()],
    status: 201,
    answer: vault(),
  },
  {
    what: "PUT again updates it: 200",
    page: `${PAGES}/create-or-update`,
    request: ["PUT", VAULT, VERSION, { ...body({ enabledForDeployment: true }), tags: { a: "1" } }],
    status: 200,
    answer: { ...vault({ enabledForDeployment: true }), tags: { a: "1" } },
  },
  {
    what: "PATCH changes what it names, inside sku too",
    page: `${PAGES}/update`,
    request: ["PATCH", VAULT, VERSION, { properties: { sku: { name: "premium" } } }],
    status: 200,
    includes: { properties: { sku: { family: "A", name: "premium" }, enabledForDeployment: true } },
  },
  {
    what: "GET answers it",
    page: `${PAGES}/get`,
    request: ["GET", VAULT, VERSION],
    status: 200,
    includes: { name: "kv-one", properties: { vaultUri: "https://127.0.0.1:1/kv-one/" } },
  },
  {
    what: "its location never changes",
    page: "https://github.com/MicrosoftDocs/azure-docs/issues/70422",
    request: ["PUT", VAULT, VERSION, { ...body(), location: "eastus" }],
    status: 409,
    error: {
      code: "InvalidResourceLocation",
      message:
        "The resource 'kv-one' already exists in location 'westeurope' in resource group 'rg'. A resource with the same name cannot be created in location 'eastus'. Please select a new resource name.",
    },
  },
  {
    what: "purge protection can't be set to false, not even at first",
    page: "https://github.com/Azure/azure-cli/issues/29115",
    request: ["PUT", "Microsoft.KeyVault/vaults/kv-two", VERSION, body({ enablePurgeProtection: false })],
    status: 400,
    error: {
      code: "BadRequest",
      message:
        'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    },
  },
  {
    what: "the retention is set once",
    page: SOFT_DELETE,
    request: ["PATCH", VAULT, VERSION, { properties: { softDeleteRetentionInDays: 30 } }],
    status: 400,
    error: {
      code: "BadRequest",
      message: 'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    },
  },
  {
    what: "the retention is 7 to 90 days",
    page: SOFT_DELETE,
    request: ["PUT", "Microsoft.KeyVault/vaults/kv-two", VERSION, body({ softDeleteRetentionInDays: 6 })],
    status: 400,
    error: { code: "BadRequest", message: expect.stringContaining("between 7 and 90; got 6") },
  },
  {
    what: "a new vault uses Azure roles since 2026-02-01",
    page: "https://learn.microsoft.com/azure/key-vault/general/access-control-default",
    request: ["PUT", "Microsoft.KeyVault/vaults/kv-new", "2026-02-01", body()],
    status: 201,
    includes: { properties: { enableRbacAuthorization: true } },
  },
  {
    what: "an update by that version leaves an old vault's access as it is",
    page: "https://learn.microsoft.com/azure/key-vault/general/access-control-default",
    request: ["PUT", VAULT, "2026-02-01", body()],
    status: 200,
    includes: { properties: { enableRbacAuthorization: false } },
  },
  {
    what: "a missing vault is ResourceNotFound",
    page: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found",
    request: ["GET", "Microsoft.KeyVault/vaults/none", VERSION],
    status: 404,
    error: {
      code: "ResourceNotFound",
      message:
        "The Resource 'Microsoft.KeyVault/vaults/none' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    },
  },
  {
    what: "DELETE is 200",
    page: `${PAGES}/delete`,
    request: ["DELETE", VAULT, VERSION],
    status: 200,
  },
  {
    what: "DELETE of nothing is 204",
    page: `${PAGES}/delete`,
    request: ["DELETE", VAULT, VERSION],
    status: 204,
  },
  {
    what: "the deleted vault is answered by its location and name",
    page: `${PAGES}/get-deleted`,
    request: ["GET", `${IN_SUBSCRIPTION}/locations/West%20Europe/deletedVaults/kv-one`, VERSION],
    status: 200,
    answer: {
      id: DELETED,
      name: "kv-one",
      type: "Microsoft.KeyVault/deletedVaults",
      properties: {
        vaultId: `${GROUP}/providers/${VAULT}`,
        location: "westeurope",
        tags: {},
        deletionDate: DATE,
        scheduledPurgeDate: DATE,
        purgeProtectionEnabled: false,
      },
    },
  },
  {
    what: "and listed for the subscription",
    page: `${PAGES}/list-deleted`,
    request: ["GET", `${IN_SUBSCRIPTION}/deletedVaults`, VERSION],
    status: 200,
    includes: { value: [{ id: DELETED, properties: { vaultId: `${GROUP}/providers/${VAULT}` } }] },
  },
  {
    what: "a deleted vault elsewhere isn't this one",
    page: `${PAGES}/get-deleted`,
    request: ["GET", `${IN_SUBSCRIPTION}/locations/eastus/deletedVaults/kv-one`, VERSION],
    status: 404,
    error: { code: "DeletedVaultNotFound", message: expect.stringContaining("'kv-one'") },
  },
  {
    what: "its name can't be used meanwhile",
    page: "https://github.com/Azure/azure-cli/issues/29115",
    request: ["PUT", VAULT, VERSION, body()],
    status: 409,
    error: { code: "ConflictError", message: CONFLICT },
  },
  {
    what: "nor in another group",
    page: "https://github.com/Esri/arcgis-gitops/issues/174",
    request: ["PUT", `${GROUP.replace(/rg$/, "two")}/providers/${VAULT}`, VERSION, body()],
    status: 409,
    error: {
      code: "VaultAlreadyExists",
      message: expect.stringMatching(
        /^The vault name 'kv-one' is already in use\. Vault names are globally unique .*linkid=2147740\.$/,
      ),
    },
  },
  {
    what: "createMode recover brings it back as it was",
    page: SOFT_DELETE,
    request: ["PUT", VAULT, VERSION, body({ createMode: "recover" })],
    status: 201,
    answer: vault(),
  },
];
