import type { EnvironmentNames } from "../service.ts";
import type { IdentityName } from "./identities.ts";

/** What a role lets do; `*` stands for any text, as on Azure. */
export interface RoleDefinition {
  readonly name: string;
  /** Of Resource Manager: `Microsoft.Network/dnsZones/CNAME/write`. */
  readonly actions: readonly string[];
  /** Of data planes: `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  readonly dataActions: readonly string[];
}

/** A role where it holds. */
export interface RoleAssignment {
  readonly role: RoleDefinition;
  /** `/` for everything, or how a resource's id goes on after its group: all below it is meant too. */
  readonly scope: string;
}

/** Secret of the platform vault with master's read-only URL: the only one that a previewer may read. */
const MASTER_READ_SECRET = "master-read";

const EVERYTHING = "/";

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged#owner */
const OWNER: RoleDefinition = { name: "Owner", actions: ["*"], dataActions: [] };

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/general#reader */
const READER: RoleDefinition = { name: "Reader", actions: ["*/read"], dataActions: [] };

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security#key-vault-administrator */
const VAULT_ADMINISTRATOR: RoleDefinition = {
  name: "Key Vault Administrator",
  actions: ["Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/deletedVaults/read"],
  dataActions: ["Microsoft.KeyVault/vaults/*"],
};

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security#key-vault-secrets-officer */
const SECRETS_OFFICER: RoleDefinition = {
  name: "Key Vault Secrets Officer",
  actions: ["Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/deletedVaults/read"],
  dataActions: ["Microsoft.KeyVault/vaults/secrets/*"],
};

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security#key-vault-secrets-user */
const SECRETS_USER: RoleDefinition = {
  name: "Key Vault Secrets User",
  actions: [],
  dataActions: [
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
  ],
};

/**
 * A custom role, in docs/azure.md to be made by hand. The built-in ones hold more than a tenant's edge needs: DNS Zone
 * Contributor has `Microsoft.Network/dnsZones/*`, CDN Profile Contributor `Microsoft.Cdn/profiles/*`, and so either may
 * delete zone or profile (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/networking). A role
 * for record sets of one type: https://learn.microsoft.com/azure/dns/dns-protect-zones-recordsets.
 */
const EDGE_DEPLOYER: RoleDefinition = {
  name: "Tenantry Edge Deployer",
  actions: [
    "Microsoft.Network/dnsZones/read",
    "Microsoft.Network/dnsZones/CNAME/*",
    "Microsoft.Network/dnsZones/TXT/*",
    "Microsoft.Cdn/profiles/read",
    "Microsoft.Cdn/profiles/customDomains/*",
    "Microsoft.Cdn/profiles/afdEndpoints/routes/*",
    "Microsoft.Cdn/operationresults/*",
  ],
  dataActions: [],
};

/** Which roles each identity has, and where. A vault's and a secret's name are those of the environment's config. */
export function assignmentsOf(identity: IdentityName, names: EnvironmentNames): readonly RoleAssignment[] {
  const [platformVault, tenantsVault] = [vaultScope(names.platformVault), vaultScope(names.tenantsVault)];
  const table: Readonly<Record<IdentityName, readonly RoleAssignment[]>> = {
    owner: [
      { role: OWNER, scope: EVERYTHING },
      { role: VAULT_ADMINISTRATOR, scope: EVERYTHING },
    ],
    deployer: [
      { role: READER, scope: EVERYTHING },
      { role: EDGE_DEPLOYER, scope: EVERYTHING },
      { role: SECRETS_OFFICER, scope: tenantsVault },
      { role: SECRETS_USER, scope: platformVault },
    ],
    previewer: [
      { role: READER, scope: EVERYTHING },
      { role: SECRETS_USER, scope: `${platformVault}/secrets/${MASTER_READ_SECRET}` },
    ],
    none: [],
  };
  return table[identity];
}

function vaultScope(vault: string): string {
  return `/providers/Microsoft.KeyVault/vaults/${vault}`;
}
