import { MARKER_KEYS, markerOf } from "../tenant/edgeNames.ts";
import { UserError } from "../tenant/errors.ts";
import type { FoundSecret } from "../vault/index.ts";

/** `slug` of secrets that belong to the platform and to no tenant. */
export const PLATFORM_SLUG = "platform";

/** Whether a secret bears the marker of this very life. */
export function isSameLife(
  found: FoundSecret,
  key: { readonly stack: string; readonly slug: string; readonly tenantId: string },
): boolean {
  return Object.entries(markerOf(key)).every(([tag, value]) => found.tags[tag] === value);
}

/** Whether a soft-deleted secret may be recovered: it was this stack's, in this life or an earlier one. */
export function isRecoverable(
  found: FoundSecret,
  key: { readonly stack: string; readonly slug: string },
): boolean {
  return found.tags[MARKER_KEYS.stack] === key.stack && found.tags[MARKER_KEYS.slug] === key.slug;
}

/** What a secret's owner and place are called. */
export interface SecretKey {
  readonly vaultUrl: string;
  readonly name: string;
  readonly stack: string;
  readonly slug: string;
  readonly tenantId: string;
}

/** True for a secret of this life, or a soft-deleted one of this stack. Throws `E_PARTIAL_STATE` for another's. */
export function assertOurs(found: FoundSecret, key: SecretKey): boolean {
  const isOurs = found.state === "present" ? isSameLife(found, key) : isRecoverable(found, key);
  if (isOurs) return true;
  const state = found.state === "present" ? "exists" : "is soft-deleted";
  throw new UserError(
    "E_PARTIAL_STATE",
    `Key Vault ${key.vaultUrl}: secret '${key.name}' ${state} without the marker of '${key.stack}' (tag '${MARKER_KEYS.tenantId}': expected '${key.tenantId}'; got '${found.tags[MARKER_KEYS.tenantId] ?? "none"}').`,
    { hint: "Find out whose it is; rename or remove it, or choose another slug." },
  );
}
