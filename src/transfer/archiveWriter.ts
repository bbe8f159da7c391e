import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { to as copyTo } from "pg-copy-streams";
import {
  type Client,
  close,
  type MigrationFile,
  serverVersion,
  withConnection,
  withDatabase,
  withTransaction,
} from "../postgres/index.ts";
import { backupError } from "./backupError.ts";
import { describeSchema, nameDifferences, schemaDifferences } from "./catalog.ts";
import { listGrants, listSequences, listTables, type TableContent } from "./contents.ts";
import { explainingFiles } from "./explained.ts";
import {
  type ArchiveHead,
  type ArchiveManifest,
  BASE_ENTRY,
  dataEntry,
  HEAD_ENTRY,
  MANIFEST_ENTRY,
  migrationEntry,
  type TableManifest,
} from "./manifest.ts";
import { copyStatement, countNewlines, READ_SETTINGS } from "./measure.ts";
import type { BackupSource } from "./source.ts";
import { tarEnd, tarEntry } from "./tar.ts";

/** A table's data is cut into entries of about this size, so that memory stays flat. */
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/**
 * Writes a gzipped tar of one repeatable-read snapshot of the database to `path`. Throws `E_BACKUP_FAILED` for a schema
 * that the migrations don't explain; row security that hides rows makes PostgreSQL refuse instead of leaving them out.
 */
export async function writeArchive(
  source: BackupSource,
  path: string,
  takenAt: Date,
): Promise<ArchiveManifest> {
  const { admin, database, role } = source;
  return withConnection(withDatabase(admin.url, database), admin.options, (client) =>
    withTransaction(client, () => writeSnapshot(source, client, path, takenAt), {
      isolation: "repeatable read",
      isReadOnly: true,
      role,
    }),
  );
}

async function writeSnapshot(
  source: BackupSource,
  client: Client,
  path: string,
  takenAt: Date,
): Promise<ArchiveManifest> {
  await client.query(READ_SETTINGS);
  const schema = await describeSchema(client, source.role);
  const files = await explainingFiles(source, client, schema);
  const tables = await listTables(client);
  await lockTables(client, tables);
  const differences = schemaDifferences(await describeSchema(client, source.role), schema);
  if (differences.length > 0)
    throw backupError(source.slug, `the schema changed while it was read: ${nameDifferences(differences)}`);
  const head: ArchiveHead = {
    format: "tenantry-archive",
    version: 1,
    database: source.database,
    role: source.role,
    slug: source.slug,
    tenantId: source.tenantId,
    takenAt: takenAt.toISOString(),
    serverVersion: await serverVersion(client),
    migrations: files.map((file) => file.fileName),
  };
  const archive = new ArchiveStream(source, client, takenAt);
  try {
    await pipeline(Readable.from(archive.blocks(head, files, tables)), createGzip(), createWriteStream(path));
  } catch (error) {
    // A COPY that nobody reads any more would keep the ROLLBACK waiting for ever.
    await close(client);
    throw error;
  }
  return archive.manifest();
}

/** Keeps DDL out until the last row is read, as pg_dump does. */
async function lockTables(client: Client, tables: readonly TableContent[]): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map((table) => `ONLY ${table.name}`).join(", ");
  await client.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
}

/** Produces the tar's blocks in order and adds up the manifest on the way. */
class ArchiveStream {
  private readonly tables: TableManifest[] = [];
  private readonly entries: Record<string, string> = {};
  private written: ArchiveManifest | undefined;

  constructor(
    private readonly source: BackupSource,
    private readonly client: Client,
    private readonly takenAt: Date,
  ) {}

  async *blocks(
    head: ArchiveHead,
    files: readonly MigrationFile[],
    tables: readonly TableContent[],
  ): AsyncGenerator<Buffer> {
    yield this.text(HEAD_ENTRY, `${JSON.stringify(head, null, 2)}\n`);
    yield this.text(BASE_ENTRY, this.source.content.baseSql);
    for (const file of files) yield this.text(migrationEntry(file.fileName), file.sql);
    for (const [index, table] of tables.entries()) yield* this.data(index, table);
    this.written = {
      tables: this.tables,
      // After the rows: a sequence is outside of the snapshot, and must not stand behind them.
      sequences: await listSequences(this.client),
      grants: await listGrants(this.client, this.source.role),
      entries: { ...this.entries },
    };
    yield this.text(MANIFEST_ENTRY, `${JSON.stringify(this.written)}\n`);
    yield tarEnd();
  }

  /** Complete once `blocks` has ended. */
  manifest(): ArchiveManifest {
    if (this.written === undefined) throw new Error("the archive is not written yet");
    return this.written;
  }

  private text(name: string, text: string): Buffer {
    const body = Buffer.from(text);
    this.entries[name] = createHash("sha256").update(body).digest("hex");
    return tarEntry(name, body, this.takenAt);
  }

  private async *data(index: number, table: TableContent): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    let rows = 0;
    let chunks = 0;
    for await (const body of chunked(this.client.query(copyTo(copyStatement(table))))) {
      hash.update(body);
      // In COPY's text form a newline inside a value is written as \n.
      rows += countNewlines(body);
      yield tarEntry(dataEntry(index, chunks), body, this.takenAt);
      chunks += 1;
    }
    this.tables.push({ ...table, rows, chunks, sha256: hash.digest("hex") });
  }
}

/** Cuts the stream at row ends, so that every piece can be loaded by itself. */
async function* chunked(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const part of source) {
    parts.push(part);
    size += part.length;
    if (size < CHUNK_BYTES) continue;
    const all = Buffer.concat(parts, size);
    const end = all.lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield all.subarray(0, end);
    parts = [all.subarray(end)];
    size = all.length - end;
  }
  if (size > 0) yield Buffer.concat(parts, size);
}
