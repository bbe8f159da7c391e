import { createHash } from "node:crypto";

/** A UUID that only depends on the text: for outputs that Azure makes up and the local cloud must find again. */
export function stableUuid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
