import type { JsonValue } from "./desired.ts";
import type { ErrorCode } from "./errors.ts";
import type { Problem, ValuePath } from "./problems.ts";
import { isSecretKey, isSecretText } from "./secrets.ts";
import type { Source } from "./source.ts";

/** One problem for every plain secret below a value, at its place; never repeats the secret. */
export function secretProblems(
  value: JsonValue,
  source: Source,
  code: ErrorCode,
  path: ValuePath = [],
): Problem[] {
  if (isSecret(value, path)) {
    const text =
      "expected no secret in a file that Git keeps; got a value that looks like one. Keep it in Key Vault.";
    return [{ code, path, place: source.placeOf(path), text }];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item: JsonValue, index) => secretProblems(item, source, code, [...path, index]));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Record<string, JsonValue>).flatMap(([key, item]) =>
    secretProblems(item, source, code, [...path, key]),
  );
}

/** A flag (`mustResetPassword: true`) is no secret, whatever its name. */
function isSecret(value: JsonValue, path: ValuePath): boolean {
  if (typeof value === "string" && isSecretText(value)) return true;
  const isScalar = typeof value === "string" || typeof value === "number";
  return isScalar && isSecretKey(nameOf(path));
}

/** The key a value stands under; items of a list stand under the list's. */
function nameOf(path: ValuePath): string {
  return path.filter((part) => typeof part === "string").at(-1) ?? "";
}
