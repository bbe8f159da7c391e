import type { EnvironmentNames } from "../service.ts";
import type { IdentityName } from "./identities.ts";
import { assignmentsOf } from "./roleTable.ts";

/** What somebody wants to do, in Azure's words. */
export interface Wish {
  readonly plane: "management" | "data";
  /** `Microsoft.Cdn/profiles/write`. */
  readonly action: string;
  /** The resource's id, or the end of it from `/providers/` on. */
  readonly resource: string;
}

/** Whether a role of the identity has the action at the resource, or above it. Case is nothing, as on Azure. Pure. */
export function isAllowed(identity: IdentityName, wish: Wish, names: EnvironmentNames): boolean {
  return assignmentsOf(identity, names).some(({ role, scope }) => {
    const patterns = wish.plane === "data" ? role.dataActions : role.actions;
    return isWithin(wish.resource, scope) && patterns.some((pattern) => isMatch(wish.action, pattern));
  });
}

function isWithin(resource: string, scope: string): boolean {
  return scope === "/" || `${resource}/`.toLowerCase().includes(`${scope}/`.toLowerCase());
}

function isMatch(action: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "is").test(action);
}
