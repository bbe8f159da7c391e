import { type ErrorExtras, UserError } from "./errors.ts";

/** What Azure refused somebody, read from a service's own words. */
export interface Denial {
  /** `'previewer' (object id '…')`; without a name where the service gives none. */
  readonly identity: string;
  /** `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  readonly action: string;
  /** Id of the resource. */
  readonly scope: string;
}

/**
 * Resource Manager, of the resource itself and of one that it refers to: "Authorization failed" and "Unable to create or
 * update a custom role" in https://learn.microsoft.com/azure/role-based-access-control/troubleshooting.
 */
const MANAGEMENT: readonly RegExp[] = [
  /client '([^']*)' with object id '([^']*)' does not have authorization to perform action '([^']*)' over scope '([^']*)'/i,
  /client '([^']*)' with object id '([^']*)' has permission to perform .*?; however, it does not have permission to perform action(?:\(s\))? '([^']*)' on the linked scope\(s\)\s*'([^']*)'/i,
];

/** Key Vault's `ForbiddenByRbac`: lines that begin so, or one line of them. */
const DATA =
  /not authorized to perform action on resource\.[\s\S]*?Caller:\s*(\S+)\s+Action:\s*'([^']*)'\s+Resource:\s*'([^']*)'/;

/** The first refusal for want of a role in a text; undefined when it is about something else. Pure. */
export function denialIn(text: string): Denial | undefined {
  const refusal = MANAGEMENT.map((words) => words.exec(text)).find((found) => found !== null);
  const [, client, objectId = "", action = "", scope = ""] = refusal ?? [];
  if (client !== undefined) return { identity: identityOf(client, objectId), action, scope };
  const [, caller, dataAction = "", resource = ""] = DATA.exec(text) ?? [];
  if (caller === undefined) return undefined;
  const claim = (name: string) => new RegExp(`(?:^|;)${name}=([^;]*)`).exec(caller)?.[1];
  const identity = identityOf(claim("name") ?? "", claim("oid") ?? "");
  return { identity, action: dataAction, scope: resource };
}

/** An identity's missing permission: nothing is away, and waiting helps nobody. */
export class NotAllowedError extends UserError {
  constructor(message: string, extras: ErrorExtras = {}) {
    super("PROVISIONING_UNAVAILABLE", message, { hint: HINT, ...extras });
  }
}

/** The same refusal in our words; undefined when the text holds none. */
export function notAllowedIn(text: string, cause?: unknown): NotAllowedError | undefined {
  const denial = denialIn(text);
  return denial === undefined ? undefined : new NotAllowedError(wordDenial(denial), { cause });
}

/** `identity 'previewer' (…) is not allowed to perform '…' on '…'.` */
export function wordDenial({ identity, action, scope }: Denial): string {
  return `identity ${identity} is not allowed to perform '${action}' on '${scope}'.`;
}

const HINT =
  "Give it a role that has this action there (docs/azure.md, 'Roles'), or run as an identity that has one; then run the same command again.";

/** A service principal is named by its id: it is not said twice. */
function identityOf(name: string, objectId: string): string {
  return name === "" || name === objectId
    ? `with object id '${objectId}'`
    : `'${name}' (object id '${objectId}')`;
}
