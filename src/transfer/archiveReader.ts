import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type ArchiveHead, type ArchiveManifest, dataEntry, HEAD_ENTRY, MANIFEST_ENTRY } from "./manifest.ts";
import { DamagedArchiveError, readTar, type TarEntry } from "./tar.ts";

/** An archive that was read whole and adds up. */
export interface CheckedArchive {
  readonly head: ArchiveHead;
  readonly manifest: ArchiveManifest;
  /** Text entries by name: base SQL and migrations. */
  readonly texts: ReadonlyMap<string, string>;
}

const NEWLINE = 0x0a;

/** Hands every entry to `onEntry`, in order, waiting for it. Throws DamagedArchiveError for a stream that isn't whole. */
export async function readEntries(path: string, onEntry: (entry: TarEntry) => Promise<void>): Promise<void> {
  try {
    await pipeline(createReadStream(path), createGunzip(), async (source: AsyncIterable<Buffer>) => {
      for await (const entry of readTar(source)) await onEntry(entry);
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && /^Z_|^ERR_STREAM/.test(code))
      throw new DamagedArchiveError(`the archive can't be unpacked: ${(error as Error).message}`);
    throw error;
  }
}

/** Reads the whole archive and compares every checksum and row count with its manifest. Throws DamagedArchiveError. */
export async function checkArchive(path: string): Promise<CheckedArchive> {
  const seen = new SeenEntries();
  await readEntries(path, async (entry) => seen.add(entry));
  return seen.checked();
}

/** Position of a data entry. */
export function dataPosition(name: string): { readonly table: number; readonly chunk: number } | undefined {
  const [, table, chunk] = /^data\/(\d+)\.(\d+)$/.exec(name) ?? [];
  return table === undefined || chunk === undefined
    ? undefined
    : { table: Number(table), chunk: Number(chunk) };
}

interface SeenTable {
  readonly hash: Hash;
  rows: number;
  chunks: number;
}

class SeenEntries {
  private readonly texts = new Map<string, string>();
  private readonly sums = new Map<string, string>();
  private readonly tables = new Map<number, SeenTable>();

  add(entry: TarEntry): void {
    const position = dataPosition(entry.name);
    if (position === undefined) {
      this.texts.set(entry.name, entry.body.toString());
      this.sums.set(entry.name, createHash("sha256").update(entry.body).digest("hex"));
      return;
    }
    const table = this.tables.get(position.table) ?? { hash: createHash("sha256"), rows: 0, chunks: 0 };
    if (entry.name !== dataEntry(position.table, table.chunks))
      throw new DamagedArchiveError(`entry '${entry.name}' is out of order`);
    table.hash.update(entry.body);
    table.rows += entry.body.reduce((count, byte) => count + Number(byte === NEWLINE), 0);
    table.chunks += 1;
    this.tables.set(position.table, table);
  }

  checked(): CheckedArchive {
    const head = this.json<ArchiveHead>(HEAD_ENTRY);
    const manifest = this.json<ArchiveManifest>(MANIFEST_ENTRY);
    if (head.format !== "tenantry-archive" || head.version !== 1)
      throw new DamagedArchiveError(
        `format '${head.format}' version ${head.version}; expected 'tenantry-archive' 1`,
      );
    for (const [name, sum] of Object.entries(manifest.entries))
      if (this.sums.get(name) !== sum)
        throw new DamagedArchiveError(`entry '${name}' doesn't fit its checksum`);
    for (const [index, expected] of manifest.tables.entries()) {
      const { rows, chunks, sha256 } = this.table(index);
      if (rows !== expected.rows || chunks !== expected.chunks || sha256 !== expected.sha256)
        throw new DamagedArchiveError(`the data of table ${expected.name} doesn't fit its checksum`);
    }
    return { head, manifest, texts: this.texts };
  }

  private table(index: number): { rows: number; chunks: number; sha256: string } {
    const { hash, rows, chunks } = this.tables.get(index) ?? {
      hash: createHash("sha256"),
      rows: 0,
      chunks: 0,
    };
    return { rows, chunks, sha256: hash.digest("hex") };
  }

  private json<T>(name: string): T {
    const text = this.texts.get(name);
    if (text === undefined) throw new DamagedArchiveError(`entry '${name}' is missing`);
    return JSON.parse(text) as T;
  }
}
