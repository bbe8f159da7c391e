import * as fs from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import { LocalCloudError } from "./localCloudError.ts";

/** A JSON document. */
export type Document = unknown;

/** Durable JSON documents, one namespace a service. A resolved `put` or `delete` survives a kill and a power cut. */
export interface Store {
  /** The document; not to be changed in place. */
  get<T = Document>(namespace: string, id: string): T | undefined;
  /** Every document of a namespace whose id begins with `prefix`, sorted by id. */
  list<T = Document>(namespace: string, prefix?: string): readonly { readonly id: string; readonly doc: T }[];
  put(namespace: string, id: string, doc: Document): Promise<void>;
  delete(namespace: string, id: string): Promise<void>;
  /** Grows with every change of a namespace: for indexes built from it. */
  revision(namespace: string): number;
  /** Documents by namespace. */
  counts(): Readonly<Record<string, number>>;
  /** Waits for what is under way and lets go of the file. */
  close(): Promise<void>;
}

/** `null` deletes. */
type Change = readonly [namespace: string, id: string, doc: Document | null];

interface Waiting {
  readonly change: Change;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

const JOURNAL = "journal.ndjson";
/** The journal is rewritten once it is this much bigger than what lives in it. */
const COMPACT_FACTOR = 4;
const COMPACT_MIN_BYTES = 4 * 1024 * 1024;

/** Opens the store in `folder`; one process at a time may (the daemon, under its lock). */
export async function openStore(folder: string): Promise<Store> {
  await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, JOURNAL);
  const journal = await readJournal(file);
  const store = new JournalStore(file, journal.batches);
  await store.open(journal.goodBytes);
  return store;
}

/** What a store holds, whoever has it open; nothing is written. Throws `E_STATE` where the journal is damaged. */
export async function readStore(folder: string): Promise<Pick<Store, "get" | "list" | "counts">> {
  const file = path.join(folder, JOURNAL);
  return new JournalStore(file, (await readJournal(file)).batches);
}

/**
 * What a journal says. Each line is one batch, `<crc32> <json>`, written and synced before the next: only the last
 * line can be torn, and then nobody was told that it is written. Anything else is damage and is refused.
 */
async function readJournal(file: string): Promise<{ batches: Change[][]; goodBytes: number }> {
  const content = await readOrEmpty(file);
  const batches: Change[][] = [];
  let goodBytes = 0;
  while (goodBytes < content.length) {
    const end = content.indexOf("\n", goodBytes);
    const batch = end === -1 ? undefined : parseLine(content.subarray(goodBytes, end).toString("utf8"));
    if (batch === undefined) {
      if (end !== -1 && end + 1 < content.length) throw damaged(file, batches.length + 1);
      break;
    }
    batches.push(batch);
    goodBytes = end + 1;
  }
  return { batches, goodBytes };
}

async function readOrEmpty(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function parseLine(line: string): Change[] | undefined {
  const json = line.slice(9);
  if (line.slice(0, 8) !== checksum(json)) return undefined;
  return JSON.parse(json) as Change[];
}

function damaged(file: string, line: number): LocalCloudError {
  return new LocalCloudError(
    "E_STATE",
    `${file}:${line}: the local cloud's state is damaged: its checksum does not fit.`,
    {
      hint: "Restore the file from a backup, or run `tenantry local reset` to begin anew.",
    },
  );
}

function formatBatch(changes: readonly Change[]): Buffer {
  const json = JSON.stringify(changes);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

class JournalStore implements Store {
  readonly #file: string;
  readonly #namespaces = new Map<string, Map<string, Document>>();
  /** Sorted, so that a list neither sorts nor looks through what it doesn't answer. */
  readonly #ids = new Map<string, string[]>();
  readonly #revisions = new Map<string, number>();
  #handle: fs.FileHandle | undefined;
  #bytes = 0;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(file: string, batches: readonly Change[][]) {
    this.#file = file;
    for (const change of batches.flat()) this.#apply(change);
  }

  /** Cuts a torn tail off and makes the journal small. */
  async open(goodBytes: number): Promise<void> {
    this.#handle = await fs.open(this.#file, "a", 0o600);
    await this.#handle.truncate(goodBytes);
    this.#bytes = goodBytes;
    await this.#handle.sync();
    await syncFolder(path.dirname(this.#file));
    await this.#compactIfWorthIt();
  }

  get<T>(namespace: string, id: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(id) as T | undefined;
  }

  list<T>(namespace: string, prefix = ""): { id: string; doc: T }[] {
    const documents = this.#namespaces.get(namespace);
    const ids = this.#ids.get(namespace) ?? [];
    const found: { id: string; doc: T }[] = [];
    for (let at = placeOf(ids, prefix); at < ids.length; at += 1) {
      const id = ids[at] as string;
      if (!id.startsWith(prefix)) break;
      found.push({ id, doc: documents?.get(id) as T });
    }
    return found;
  }

  revision(namespace: string): number {
    return this.#revisions.get(namespace) ?? 0;
  }

  counts(): Record<string, number> {
    const filled = [...this.#namespaces].filter(([, documents]) => documents.size > 0);
    return Object.fromEntries(filled.map(([namespace, documents]) => [namespace, documents.size]));
  }

  put(namespace: string, id: string, doc: Document): Promise<void> {
    return this.#write([namespace, id, structuredClone(doc)]);
  }

  async delete(namespace: string, id: string): Promise<void> {
    await this.#write([namespace, id, null]);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Queued; everything that queues up during one sync shares the next. */
  #write(change: Change): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ change, done, failed });
      this.#writing ??= this.#drain();
    });
  }

  /** Marked as done in the same step that finds nothing more to write: a later step could leave a change behind. */
  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0));
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#compactIfWorthIt();
      await this.#append(formatBatch(batch.map(({ change }) => change)));
      for (const { change } of batch) this.#apply(change);
      for (const { done } of batch) done();
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }

  /** A line that could not be written whole is taken back, so that the next one doesn't follow a torn one. */
  async #append(line: Buffer): Promise<void> {
    if (this.#handle === undefined) throw new Error("The local cloud's store is closed.");
    try {
      await this.#handle.appendFile(line);
      await this.#handle.datasync();
      this.#bytes += line.length;
    } catch (error) {
      await this.#handle.truncate(this.#bytes);
      throw error;
    }
  }

  #apply([namespace, id, doc]: Change): void {
    const documents = this.#namespaces.get(namespace) ?? new Map<string, Document>();
    this.#namespaces.set(namespace, documents);
    this.#revisions.set(namespace, this.revision(namespace) + 1);
    if (documents.has(id) !== (doc !== null)) this.#sortIn(namespace, id, doc === null);
    if (doc === null) documents.delete(id);
    else documents.set(id, doc);
  }

  /** Takes an id into the sorted list of its namespace, or out of it. */
  #sortIn(namespace: string, id: string, isGone: boolean): void {
    const ids = this.#ids.get(namespace) ?? [];
    this.#ids.set(namespace, ids);
    if (isGone) ids.splice(placeOf(ids, id), 1);
    else ids.splice(placeOf(ids, id), 0, id);
  }

  /** Writes all that lives beside the journal and renames it over: a crash leaves the old or the new one whole. */
  async #compactIfWorthIt(): Promise<void> {
    if (this.#bytes < COMPACT_MIN_BYTES) return;
    const living = formatBatch(this.#everything());
    if (this.#bytes < living.length * COMPACT_FACTOR) return;
    const fresh = `${this.#file}.new`;
    const handle = await fs.open(fresh, "w", 0o600);
    await handle.writeFile(living);
    await handle.sync();
    await handle.close();
    await fs.rename(fresh, this.#file);
    await syncFolder(path.dirname(this.#file));
    await this.#handle?.close();
    this.#handle = await fs.open(this.#file, "a", 0o600);
    this.#bytes = living.length;
  }

  #everything(): Change[] {
    return [...this.#namespaces].flatMap(([namespace, documents]) =>
      [...documents].map(([id, doc]): Change => [namespace, id, doc]),
    );
  }
}

/** Index of the first of the sorted ids that isn't before `id`. */
function placeOf(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] as string) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, "r");
  await handle.sync();
  await handle.close();
}
