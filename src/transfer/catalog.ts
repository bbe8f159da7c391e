import type { Queryable } from "../postgres/index.ts";
import { CATALOG_QUERIES } from "./catalogTable.ts";

/** How many differences a message names. */
const NAMED_DIFFERENCES = 5;

/** A database's schema as sorted lines that are equal for equal schemas. The caller is in a transaction. */
export async function describeSchema(client: Queryable, owner: string): Promise<readonly string[]> {
  await client.query("SET LOCAL search_path = ''");
  const lines: string[] = [];
  for (const query of CATALOG_QUERIES) {
    const { rows } = await client.query(query, [owner]);
    lines.push(...rows.map((row) => row.line));
  }
  return lines.sort();
}

/** What is in one description and not in the other, in words; empty for equal schemas. Pure. */
export function schemaDifferences(found: readonly string[], explained: readonly string[]): readonly string[] {
  const known = new Set(explained);
  const there = new Set(found);
  return [
    ...found.filter((line) => !known.has(line)).map((line) => `unexplained: ${line}`),
    ...explained.filter((line) => !there.has(line)).map((line) => `missing: ${line}`),
  ];
}

/** The first few differences, each on one line. Pure. */
export function nameDifferences(differences: readonly string[]): string {
  const named = differences
    .slice(0, NAMED_DIFFERENCES)
    .map((line) => line.replace(/\s+/g, " ").slice(0, 160));
  const rest = differences.length - named.length;
  return rest > 0 ? [...named, `and ${rest} more`].join("; ") : named.join("; ");
}
