import { isEqual, isMap, type Value, type ValueMap } from "../rpc/values.ts";

/**
 * Inputs after a refresh, as the official plugin makes them: what changed in Azure between two reads is carried into the
 * inputs, and everything else (Azure's own defaults above all) leaves them as they were.
 */
export function carryChanges(inputs: ValueMap, before: ValueMap, now: ValueMap): ValueMap {
  const kept = Object.entries(inputs).filter(([key]) => !(key in before) || key in now);
  const result: Record<string, Value> = Object.fromEntries(kept);
  for (const [key, value] of Object.entries(now)) {
    if (isEqual(before[key], value)) continue;
    const input = inputs[key];
    result[key] = input === undefined ? value : carryValue(input, before[key], value);
  }
  return result;
}

function carryValue(input: Value, before: Value | undefined, now: Value): Value {
  if (isMap(input) && isMap(before) && isMap(now)) return carryChanges(input, before, now);
  if (Array.isArray(input) && Array.isArray(before) && Array.isArray(now)) {
    return now.map((item: Value, index) => {
      const [inner, old] = [input[index] as Value | undefined, before[index] as Value | undefined];
      return inner === undefined || old === undefined
        ? item
        : isEqual(old, item)
          ? inner
          : carryValue(inner, old, item);
    });
  }
  return now;
}
