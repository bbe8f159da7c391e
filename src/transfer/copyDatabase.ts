import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import {
  type Client,
  close,
  literal,
  type ServerAdmin,
  withConnection,
  withDatabase,
  withTransaction,
} from "../postgres/index.ts";
import { backupError } from "./backupError.ts";
import { describeSchema, nameDifferences, schemaDifferences } from "./catalog.ts";
import { resumeConstraints, suspendConstraints } from "./constraints.ts";
import { listGrants, listSequences, listTables, type TableContent } from "./contents.ts";
import { explainingFiles } from "./explained.ts";
import { restoreGrants } from "./grants.ts";
import { withReplayedDatabase } from "./replay.ts";
import type { BackupSource } from "./source.ts";

/** Where a database is copied to. */
export interface CopyTarget {
  readonly admin: ServerAdmin;
  /** Made anew: what is there of this name goes first. */
  readonly database: string;
  /** Must exist, and the admin must be a member: it owns everything afterwards. */
  readonly role: string;
}

/** What a database holds, so that two can be compared: equal contents give equal values. */
export interface DatabaseContents {
  /** By quoted and qualified name. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
  /** By name: where each stands. */
  readonly sequences: Readonly<Record<string, string>>;
  /** Every privilege, as one text each. */
  readonly grants: readonly string[];
  /** Lines that are equal for equal schemas. */
  readonly schema: readonly string[];
}

const NEWLINE = 0x0a;
/** The same rows give the same text on both servers, in the order in which they lie. */
const READING =
  "SET LOCAL search_path = ''; SET LOCAL row_security = off; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3; SET LOCAL synchronize_seqscans = off";

/**
 * Copies a tenant's database to another server, straight from one to the other: migrations replayed, then rows, sequences and
 * privileges of one snapshot. Nothing is kept on this machine. Answers what was read from the source. Throws `E_BACKUP_FAILED` for
 * a schema that the migrations don't explain.
 */
export async function copyDatabase(source: BackupSource, target: CopyTarget): Promise<DatabaseContents> {
  return inSnapshot(source.admin, source.database, source.role, async (from) => {
    const schema = await describeSchema(from, source.role);
    const files = await explainingFiles(source, from, schema);
    const content = { baseSql: source.content.baseSql, files };
    return withReplayedDatabase(target.admin, target.database, target.role, content, (to) =>
      withTransaction(to, () => copyContents(from, to, source.role, schema), { role: target.role }),
    );
  });
}

/** Reads everything of a database and tells it in a few words a table. */
export async function readContents(
  admin: ServerAdmin,
  database: string,
  role: string,
): Promise<DatabaseContents> {
  return inSnapshot(admin, database, role, async (client) => {
    const schema = await describeSchema(client, role);
    const tables: Record<string, Digest> = {};
    for (const table of await listTables(client)) tables[table.name] = await digestOf(client, table);
    return { tables, schema, ...(await readRest(client, role)) };
  });
}

/** What differs between two databases, in words; empty for equal ones. Pure. */
export function contentDifferences(one: DatabaseContents, other: DatabaseContents): readonly string[] {
  const names = [...new Set([...Object.keys(one.tables), ...Object.keys(other.tables)])].sort();
  const rowsOf = (contents: DatabaseContents, name: string) => contents.tables[name]?.rows ?? "no table";
  const tables = names
    .filter((name) => one.tables[name]?.sha256 !== other.tables[name]?.sha256)
    .map((name) => `${name} (rows: ${rowsOf(one, name)}, ${rowsOf(other, name)})`);
  const sequences = Object.keys({ ...one.sequences, ...other.sequences })
    .filter((name) => one.sequences[name] !== other.sequences[name])
    .map((name) => `sequence ${name}`);
  const grants = schemaDifferences(one.grants, other.grants).length > 0 ? ["privileges"] : [];
  const schema = schemaDifferences(one.schema, other.schema);
  return [...tables, ...sequences, ...grants, ...(schema.length > 0 ? [nameDifferences(schema)] : [])];
}

/** Throws `E_BACKUP_FAILED` where two databases that must be equal are not. */
export function assertSameContents(
  slug: string,
  one: DatabaseContents,
  other: DatabaseContents,
  what: string,
): void {
  const differences = contentDifferences(one, other);
  if (differences.length > 0) throw backupError(slug, `${what}: ${differences.slice(0, 5).join("; ")}`);
}

interface Digest {
  readonly rows: number;
  readonly sha256: string;
}

function inSnapshot<T>(
  admin: ServerAdmin,
  database: string,
  role: string,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  const options = { isolation: "repeatable read", isReadOnly: true, role, settings: READING } as const;
  return withConnection(withDatabase(admin.url, database), admin.options, (client) =>
    withTransaction(client, () => body(client), options),
  );
}

async function copyContents(
  from: Client,
  to: Client,
  role: string,
  schema: readonly string[],
): Promise<DatabaseContents> {
  await to.query(READING);
  const content = await listTables(from);
  const suspended = await suspendConstraints(to);
  if (content.length > 0) await to.query(`TRUNCATE ${content.map(({ name }) => `ONLY ${name}`).join(", ")}`);
  const tables: Record<string, Digest> = {};
  for (const table of content) tables[table.name] = await copyTable(from, to, table);
  const rest = await readRest(from, role);
  for (const [name, state] of Object.entries(rest.sequences)) {
    const [lastValue, isCalled] = state.split(" ");
    await to.query(`SELECT setval(${literal(name)}::regclass, $1::bigint, $2)`, [
      lastValue,
      isCalled === "called",
    ]);
  }
  await resumeConstraints(to, suspended);
  await restoreGrants(to, role, await listGrants(from, role), await listGrants(to, role));
  return { tables, schema, ...rest };
}

async function copyTable(from: Client, to: Client, table: TableContent): Promise<Digest> {
  const digest = new RowDigest();
  try {
    await pipeline(
      from.query(copyTo(`COPY ${table.name}${columnsOf(table)} TO STDOUT`)),
      digest.through(),
      to.query(copyFrom(`COPY ${table.name}${columnsOf(table)} FROM STDIN`)),
    );
  } catch (error) {
    // A COPY that nobody reads any more would keep the ROLLBACK waiting for ever.
    await Promise.all([close(from), close(to)]);
    throw error;
  }
  return digest.result();
}

async function digestOf(client: Client, table: TableContent): Promise<Digest> {
  const digest = new RowDigest();
  for await (const chunk of client.query(copyTo(`COPY ${table.name}${columnsOf(table)} TO STDOUT`)))
    digest.add(chunk);
  return digest.result();
}

/** Names come quoted from the catalog. */
function columnsOf({ columns }: TableContent): string {
  return columns.length === 0 ? "" : ` (${columns.join(", ")})`;
}

async function readRest(
  client: Client,
  role: string,
): Promise<Pick<DatabaseContents, "sequences" | "grants">> {
  const states = await listSequences(client);
  const sequences = states.map(({ name, lastValue, isCalled }) => [
    name,
    `${lastValue} ${isCalled ? "called" : "fresh"}`,
  ]);
  const grants = await listGrants(client, role);
  return { sequences: Object.fromEntries(sequences), grants: grants.map((grant) => JSON.stringify(grant)) };
}

/** Adds up the rows of one table; in COPY's text form a newline ends a row and nothing else. */
class RowDigest {
  private readonly hash = createHash("sha256");
  private rows = 0;

  add(chunk: Buffer): void {
    this.hash.update(chunk);
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) this.rows += 1;
  }

  through(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.add(chunk);
        done(null, chunk);
      },
    });
  }

  result(): Digest {
    return { rows: this.rows, sha256: this.hash.digest("hex") };
  }
}
