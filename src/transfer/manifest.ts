/** First entry of an archive: what it is and what has to be there to restore it. */
export interface ArchiveHead {
  readonly format: "tenantry-archive";
  readonly version: 1;
  readonly database: string;
  readonly role: string;
  readonly slug: string;
  readonly tenantId: string;
  /** ISO time of the snapshot. */
  readonly takenAt: string;
  /** `server_version_num` of the source. */
  readonly serverVersion: number;
  /** File names under `migrations/`, in the order they are replayed. */
  readonly migrations: readonly string[];
}

/** What one table holds. */
export interface TableSum {
  /** Quoted and qualified, e.g. `app.patient`. */
  readonly name: string;
  /** Quoted; generated columns are left out. */
  readonly columns: readonly string[];
  readonly rows: number;
  /** Hex, over the rows as COPY writes them. */
  readonly sha256: string;
}

/** One table's data in the archive: `data/<index>.<chunk>`. */
export interface TableManifest extends TableSum {
  readonly chunks: number;
}

export interface SequenceState {
  readonly name: string;
  /** Decimal: a bigint doesn't fit a number. */
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** One privilege. The tenant's role is written as `@owner`, everybody as `PUBLIC`. */
export interface Grant {
  readonly kind: "SCHEMA" | "TABLE" | "SEQUENCE" | "ROUTINE" | "TYPE" | "COLUMN";
  /** Quoted and qualified; for a column its table. */
  readonly object: string;
  /** Quoted; empty unless `kind` is COLUMN. */
  readonly column: string;
  readonly grantee: string;
  readonly privilege: string;
  readonly isGrantable: boolean;
}

/** What a database holds; beside a pg_dump file it stands in a file of its own, without sequences. */
export interface ContentsManifest {
  readonly tables: readonly TableSum[];
  readonly sequences: readonly SequenceState[];
  readonly grants: readonly Grant[];
}

/** Last entry of an archive: what the others must add up to. */
export interface ArchiveManifest extends ContentsManifest {
  readonly tables: readonly TableManifest[];
  /** sha256, hex, of every other entry but the data: `head.json`, `base.sql`, `migrations/…`. */
  readonly entries: Readonly<Record<string, string>>;
}

export const HEAD_ENTRY = "head.json";
export const BASE_ENTRY = "base.sql";
export const MANIFEST_ENTRY = "manifest.json";

/** Name of a migration's entry. */
export function migrationEntry(fileName: string): string {
  return `migrations/${fileName}`;
}

/** Name of a piece of a table's data. */
export function dataEntry(table: number, chunk: number): string {
  return `data/${String(table).padStart(5, "0")}.${String(chunk).padStart(8, "0")}`;
}
