import type { Properties } from "./deployEvents.ts";

/** What Pulumi shows in place of a secret; ours reads the same. */
const HIDDEN = "[secret]";

/** Keys of a secret in Pulumi's wire and state format. */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/**
 * Hides the password of every URL in a text. Last line of defence: engines hide what they know to be secret, but a
 * message of a server or client may carry a whole connection string.
 */
export function redactText(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@?#]+):[^\s/@]+@/gi, `$1:${HIDDEN}@`);
}

/** The same for every text inside a value; a secret of Pulumi's format is hidden whole. */
export function redactValue(value: Properties): Properties {
  return redactAny(value) as Properties;
}

function redactAny(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map(redactAny);
  if (value === null || typeof value !== "object") return value;
  if (SECRET_SIGNATURE in value) return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactAny(each)]));
}
