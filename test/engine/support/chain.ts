import { Thing } from "./harness.ts";

/** A program of two resources, the second of which needs the first. */
export async function chain(): Promise<Record<string, unknown>> {
  const a = new Thing("a", { value: "one" });
  const b = new Thing("b", { value: a.made });
  return { made: b.made };
}

/** Of four resources, `b` needs `a` and `c` needs `b`; `d` needs nothing. */
export function fourThings(text: string): () => Promise<void> {
  return async () => {
    const a = new Thing("a", { value: text });
    const b = new Thing("b", { value: text, from: a.id });
    void new Thing("c", { value: text, from: b.id });
    void new Thing("d", { value: text });
  };
}
