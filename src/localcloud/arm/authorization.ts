import type { Principal } from "../roles/identities.ts";
import { isAllowed } from "../roles/isAllowed.ts";
import type { EnvironmentNames } from "../service.ts";
import { ArmError } from "./armError.ts";

/** A request in the words of roles. */
export interface ArmAction {
  /** `Microsoft.Network/dnsZones/CNAME/write`, in the caller's case. */
  readonly action: string;
  /** The resource's id; for a list what holds it. */
  readonly scope: string;
}

/** What a method is called in an action; every other one is `action`. */
const VERBS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

/** Throws 403 `AuthorizationFailed` unless a role of the caller has the request's action there. */
export function assertAuthorized(
  { name, objectId }: Principal,
  method: string,
  path: string,
  names: EnvironmentNames,
): void {
  const { action, scope } = armAction(method, path);
  if (isAllowed(name, { plane: "management", action, resource: scope }, names)) return;
  throw new ArmError(
    403,
    "AuthorizationFailed",
    `The client '${name}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** The action and scope of any request: also of one that isn't built, so that nothing gets past the roles. */
export function armAction(method: string, path: string): ArmAction {
  const segments = path.split("/").slice(1);
  const verb = VERBS[method] ?? "action";
  const at = segments.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === "providers");
  const [namespace, typed] =
    at < 0 ? ["Microsoft.Resources", segments] : [segments[at + 1] ?? "", segments.slice(at + 2)];
  const types = typed.filter((_, index) => index % 2 === 0);
  const isList = typed.length % 2 === 1;
  return {
    action: [namespace, ...types, verb].join("/"),
    scope: isList ? path.slice(0, path.lastIndexOf("/")) : path,
  };
}
