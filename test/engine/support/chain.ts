import { Thing } from "./harness.ts";

/** A program of two resources, the second of which needs the first. */
export async function chain(): Promise<Record<string, unknown>> {
  const a = new Thing("a", { value: "one" });
  const b = new Thing("b", { value: a.made });
  return { made: b.made };
}
