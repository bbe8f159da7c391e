/** One file of a tar stream. Bodies are small by construction, so they are whole. */
export interface TarEntry {
  readonly name: string;
  readonly body: Buffer;
}

/** The stream is no tar of ours, is cut off or was changed. */
export class DamagedArchiveError extends Error {
  override readonly name = "DamagedArchiveError";
}

const BLOCK_BYTES = 512;
/** Longest name of the plain ustar header. */
const MAX_NAME_BYTES = 100;
const FIELDS = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  magic: 257,
};

/** Header, body and padding of one file, readable by every tar. Throws RangeError for a name over 100 bytes. */
export function tarEntry(name: string, body: Buffer, modified: Date): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError(`archive entry '${name}' is too long`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, FIELDS.name);
  header.write("0000600\0", FIELDS.mode);
  header.write("0000000\0", FIELDS.uid);
  header.write("0000000\0", FIELDS.gid);
  header.write(`${octal(body.length)}\0`, FIELDS.size);
  header.write(`${octal(Math.floor(modified.getTime() / 1000))}\0`, FIELDS.mtime);
  header.write("0", FIELDS.type);
  header.write("ustar\x0000", FIELDS.magic);
  header.write(`${checksumOf(header).toString(8).padStart(6, "0")}\0 `, FIELDS.checksum);
  return Buffer.concat([header, body, Buffer.alloc(padding(body.length))]);
}

/** The two empty blocks that end a tar. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK_BYTES);
}

/** Reads the files of a tar stream in order. Throws DamagedArchiveError, also when the end is missing. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const reader = blockReader(source);
  for (;;) {
    const header = await reader.take(BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return reader.drain();
    const size = sizeOf(header);
    const body = await reader.take(size);
    await reader.take(padding(size));
    const name = header.subarray(0, MAX_NAME_BYTES).toString().replace(/\0.*$/s, "");
    yield { name, body };
  }
}

interface BlockReader {
  /** Exactly this many bytes. */
  take(bytes: number): Promise<Buffer>;
  /** Reads to the end, so that a checksum of the compressed stream is seen to fit. */
  drain(): Promise<void>;
}

function blockReader(source: AsyncIterable<Buffer>): BlockReader {
  const iterator = source[Symbol.asyncIterator]();
  let chunks: Buffer[] = [];
  let held = 0;
  return {
    async take(bytes) {
      while (held < bytes) {
        const { value, done } = await iterator.next();
        if (done === true) throw new DamagedArchiveError("the archive is cut off");
        chunks.push(value);
        held += value.length;
      }
      const all = Buffer.concat(chunks, held);
      chunks = [all.subarray(bytes)];
      held -= bytes;
      return all.subarray(0, bytes);
    },
    async drain() {
      while ((await iterator.next()).done !== true) held = 0;
    },
  };
}

function sizeOf(header: Buffer): number {
  const recorded = Number.parseInt(header.toString("latin1", FIELDS.checksum, FIELDS.checksum + 6), 8);
  if (recorded !== checksumOf(header))
    throw new DamagedArchiveError("an entry's header doesn't fit its checksum");
  return Number.parseInt(header.toString("latin1", FIELDS.size, FIELDS.size + 11), 8);
}

/** Sum of the header's bytes with the checksum field taken as blanks. */
function checksumOf(header: Buffer): number {
  return header.reduce(
    (sum, byte, index) => sum + (index >= FIELDS.checksum && index < FIELDS.type ? 0x20 : byte),
    0,
  );
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

function octal(value: number): string {
  return value.toString(8).padStart(11, "0");
}
