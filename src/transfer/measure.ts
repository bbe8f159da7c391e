import { createHash } from "node:crypto";
import { to as copyTo } from "pg-copy-streams";
import type { Client } from "../postgres/index.ts";
import { nameDifferences } from "./catalog.ts";
import { listGrants, listSequences, listTables, type TableContent } from "./contents.ts";
import type { ContentsManifest, TableSum } from "./manifest.ts";

const NEWLINE = 0x0a;

/**
 * Settings of a transaction that reads rows to compare them: the same text for the same value whatever server, database or role
 * prefer, rows in the order they lie in, and an error where row security would leave some out.
 */
export const READ_SETTINGS = `SET LOCAL search_path = ''; SET LOCAL row_security = off; SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 3; SET LOCAL synchronize_seqscans = off`;

/** Names come quoted from the catalog. */
export function copyStatement(table: TableContent): string {
  const columns = table.columns.length === 0 ? "" : ` (${table.columns.join(", ")})`;
  return `COPY ${table.name}${columns} TO STDOUT`;
}

/** In COPY's text form a newline inside a value is written as \\n, so these are the rows. */
export function countNewlines(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(NEWLINE); at !== -1; at = body.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** Everything that a database holds, added up. The caller is in a transaction with {@link READ_SETTINGS}. */
export async function measureContents(client: Client, role: string): Promise<ContentsManifest> {
  const tables: TableSum[] = [];
  for (const table of await listTables(client)) tables.push(await measureTable(client, table));
  return { tables, sequences: await listSequences(client), grants: await listGrants(client, role) };
}

async function measureTable(client: Client, table: TableContent): Promise<TableSum> {
  const hash = createHash("sha256");
  let rows = 0;
  for await (const part of client.query(copyTo(copyStatement(table)))) {
    hash.update(part as Buffer);
    rows += countNewlines(part as Buffer);
  }
  return { ...table, rows, sha256: hash.digest("hex") };
}

/** What differs, in words of at most a few lines; undefined for nothing. Pure. */
export function contentsDifference(expected: ContentsManifest, found: ContentsManifest): string | undefined {
  const differences = [
    ...tableDifferences(expected.tables, found.tables),
    ...listDifferences("sequence", expected.sequences, found.sequences),
    ...listDifferences("privilege", expected.grants, found.grants),
  ];
  return differences.length === 0 ? undefined : nameDifferences(differences);
}

function tableDifferences(expected: readonly TableSum[], found: readonly TableSum[]): readonly string[] {
  const byName = new Map(found.map((table) => [table.name, table]));
  const known = new Set(expected.map(({ name }) => name));
  return [
    ...expected.flatMap((table) => {
      const other = byName.get(table.name);
      if (other === undefined) return [`table ${table.name} is missing`];
      if (other.rows !== table.rows) return [`table ${table.name} has ${other.rows} rows, not ${table.rows}`];
      return other.sha256 === table.sha256 ? [] : [`the rows of table ${table.name} are others`];
    }),
    ...found.filter(({ name }) => !known.has(name)).map(({ name }) => `table ${name} is too much`),
  ];
}

function listDifferences(
  kind: string,
  expected: readonly object[],
  found: readonly object[],
): readonly string[] {
  const textOf = (item: object) => JSON.stringify(Object.entries(item).sort());
  const [wanted, there] = [new Set(expected.map(textOf)), new Set(found.map(textOf))];
  return [
    ...[...wanted].filter((text) => !there.has(text)).map((text) => `${kind} ${text} is missing`),
    ...[...there].filter((text) => !wanted.has(text)).map((text) => `${kind} ${text} is too much`),
  ];
}
