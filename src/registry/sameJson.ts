import { isDeepStrictEqual } from "node:util";

/** True when two values are the same once written as JSON; prototypes, `-0` and absent keys don't count. */
export function isSameJson(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(asJson(left), asJson(right));
}

function asJson(value: unknown): unknown {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}
