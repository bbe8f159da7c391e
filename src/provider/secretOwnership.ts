import { MARKER_KEYS, markerOf } from "../tenant/edgeNames.ts";
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
