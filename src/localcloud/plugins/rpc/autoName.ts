import { createHash, randomBytes } from "node:crypto";
import type { Naming } from "./plugin.ts";
import type { Value } from "./values.ts";

/** azure-native appends eight digits and nothing between; bridged providers seven behind a hyphen. */
const AZURE_DIGITS = 8;

/**
 * A name for a resource whose program gives none: the old one, what the engine's naming setting says, else the logical
 * name and hex digits from the engine's seed. Undefined when naming is switched off.
 */
export function autoName(
  naming: Naming,
  old: Value | undefined,
  wasRandom: boolean,
  separator = "",
  digits = AZURE_DIGITS,
): { readonly name: Value; readonly isRandom: boolean } | undefined {
  if (old !== undefined) return { name: old, isRandom: wasRandom };
  if (naming.proposed?.mode === "disable") return undefined;
  if (naming.proposed !== undefined) return { name: naming.proposed.name, isRandom: true };
  const { logicalName, randomSeed } = naming;
  const source =
    randomSeed.length === 0
      ? randomBytes(digits)
      : createHash("sha256").update(randomSeed).update(logicalName).digest();
  return { name: `${logicalName}${separator}${source.toString("hex").slice(0, digits)}`, isRandom: true };
}
