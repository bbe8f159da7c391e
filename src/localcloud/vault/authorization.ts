import type { IdentityName, Principal } from "../roles/identities.ts";
import { isAllowed } from "../roles/isAllowed.ts";
import type { EnvironmentNames } from "../service.ts";
import { VaultError } from "./vaultError.ts";

/** What the roles must know of a request. */
interface AskedRequest {
  readonly method: string;
  /** Decoded path segments. */
  readonly segments: readonly string[];
}

/** What the roles must know of a vault. */
interface AskedVault {
  readonly name: string;
  /** A vault's id in Resource Manager; asked only to word a refusal. */
  readonly idOf: (name: string) => string;
}

/** An action of the data plane, and of which object of the vault (empty: of the vault itself). */
export interface SecretAction {
  /** `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  readonly action: string;
  /** `/secrets/tenant-db-acme`. */
  readonly path: string;
}

const NAMESPACE = "Microsoft.KeyVault/vaults";
const GET_SECRET = "secrets/getSecret/action";
const READ_METADATA = "secrets/readMetadata/action";
/** As Azure's: the directory that the identities are in. */
const ISSUER = "https://sts.windows.net/10ca1000-0000-4000-8000-000000000002/";

/**
 * Method and form of the path (`*`: a name) → action after `Microsoft.KeyVault/vaults/`:
 * https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault
 */
const ACTIONS: Readonly<Record<string, string>> = {
  "GET secrets": READ_METADATA,
  "GET secrets/*": GET_SECRET,
  "GET secrets/*/*": GET_SECRET,
  "GET secrets/*/versions": READ_METADATA,
  "PUT secrets/*": "secrets/setSecret/action",
  "PATCH secrets/*": "secrets/update/action",
  "PATCH secrets/*/*": "secrets/update/action",
  "DELETE secrets/*": "secrets/delete",
  "POST secrets/*/backup": "secrets/backup/action",
  "POST secrets/restore": "secrets/restore/action",
  "GET deletedsecrets": READ_METADATA,
  "GET deletedsecrets/*": READ_METADATA,
  "POST deletedsecrets/*/recover": "secrets/recover/action",
  "DELETE deletedsecrets/*": "secrets/purge/action",
};

/** Throws 403 `Forbidden`, within it `ForbiddenByRbac`, unless a role of the caller has the request's action there. */
export function assertAuthorized(
  principal: Principal,
  request: AskedRequest,
  vault: AskedVault,
  names: EnvironmentNames,
): void {
  const { action, path } = secretAction(request);
  const resource = `${shortId(vault.name)}${path}`;
  if (isAllowed(principal.name, { plane: "data", action, resource }, names)) return;
  throw forbidden(principal, action, `${vault.idOf(vault.name).toLowerCase()}${path}`, vault.name);
}

/** Whether the vault would tell an identity a secret's value. */
export function mayReadSecret(
  identity: IdentityName,
  vault: string,
  secret: string,
  names: EnvironmentNames,
): boolean {
  const wish = { action: `${NAMESPACE}/${GET_SECRET}`, resource: `${shortId(vault)}/secrets/${secret}` };
  return isAllowed(identity, { plane: "data", ...wish }, names);
}

/** The action of any request: also of one that isn't built, so that nothing gets past the roles. */
export function secretAction({ method, segments }: AskedRequest): SecretAction {
  const [collection = "", name, third] = segments;
  const generic = segments.map((segment, index) => (index === 0 ? segment : "*"));
  const exact = [...generic.slice(0, -1), segments.at(-1)];
  const action = ACTIONS[`${method} ${exact.join("/")}`] ?? ACTIONS[`${method} ${generic.join("/")}`];
  if (action === undefined) return { action: `${NAMESPACE}/${collection}/${method}`, path: "" };
  const isOfVault = name === undefined || (name === "restore" && third === undefined && method === "POST");
  return { action: `${NAMESPACE}/${action}`, path: isOfVault ? "" : `/secrets/${name}` };
}

/** What scopes are compared with: a vault's name is unique, whatever subscription and group it is in. */
function shortId(vault: string): string {
  return `/providers/${NAMESPACE}/${vault}`;
}

function forbidden(principal: Principal, action: string, resource: string, vault: string): VaultError {
  const { name, clientId, objectId } = principal;
  const lines = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: name=${name};appid=${clientId};oid=${objectId};iss=${ISSUER}`,
    `Action: '${action}'`,
    `Resource: '${resource}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    `Vault: ${vault};location=local`,
    "",
  ];
  return new VaultError(403, "Forbidden", lines.join("\r\n"), "ForbiddenByRbac");
}
