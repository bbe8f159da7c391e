import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { type DeploymentJson, damaged, type StateTexts } from "./checkpoint.ts";
import { syncFolder } from "./durableFile.ts";
import { messageOf } from "./errors.ts";
import { applyDelta, deltaBetween, type ListDelta } from "./listDelta.ts";

/** First line of a journal: which checkpoint it goes on from. */
interface JournalHeader {
  readonly journal: 1;
  /** SHA-256 of the checkpoint's text, hex. */
  readonly base: string;
}

type Change<Item> = { readonly cut: readonly number[]; readonly put: readonly (readonly [number, Item])[] };

/** One save: how the checkpoint's two lists changed. The number goes up by one from 1. */
interface JournalEntry {
  readonly entry: number;
  readonly resources: Change<Record<string, unknown>>;
  readonly operations: Change<Record<string, unknown>>;
}

/**
 * Appends what changed to a file, one line a save, synced: a save costs what changed, whatever the stack's size. Each
 * line is `<crc32, 8 hex digits> <json>\n`, so that one cut off by a crash is known.
 */
export class Journal {
  readonly #file: FileHandle;
  #offset = 0;
  #entries = 0;
  #last: StateTexts;

  private constructor(file: FileHandle, base: StateTexts) {
    this.#file = file;
    this.#last = base;
  }

  /** Begins a journal that goes on from the checkpoint with this text and these parts. */
  static async begin(path: string, baseText: string, base: StateTexts): Promise<Journal> {
    const file = await open(path, "w", 0o600);
    try {
      const journal = new Journal(file, base);
      await journal.#append(headerLine(baseText));
      await syncFolder(dirname(path));
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves when the save is on disk. */
  async save(texts: StateTexts): Promise<void> {
    await this.#append(entryLine(this.#entries + 1, this.#last, texts));
    this.#entries += 1;
    this.#last = texts;
  }

  /** What a failed write left is taken off again, so that half a line is never followed by another. */
  async #append(text: string): Promise<void> {
    const line = Buffer.from(text);
    try {
      for (let done = 0; done < line.length; ) {
        const { bytesWritten } = await this.#file.write(line, done, line.length - done, this.#offset + done);
        done += bytesWritten;
      }
      await this.#file.datasync();
    } catch (error) {
      await this.#file.truncate(this.#offset);
      throw error;
    }
    this.#offset += line.length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The first line of a journal that goes on from the checkpoint with this text. */
export function headerLine(baseText: string): string {
  const header: JournalHeader = { journal: 1, base: digestOf(baseText) };
  return lineOf(JSON.stringify(header));
}

/** The line of one save; entries are counted from 1. */
export function entryLine(entry: number, before: StateTexts, after: StateTexts): string {
  const resources = changeText(before.resources, after.resources);
  const operations = changeText(before.operations, after.operations);
  return lineOf(`{"entry":${entry},"resources":${resources},"operations":${operations}}`);
}

/** Length of a line's checksum and the space after it. */
const CHECKSUM_LENGTH = 9;

function lineOf(json: string): string {
  return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
}

function changeText(before: readonly string[], after: readonly string[]): string {
  const { cut, put } = deltaBetween(before, after) ?? wholeList(before, after);
  return `{"cut":[${cut.join(",")}],"put":[${put.map(([place, text]) => `[${place},${text}]`).join(",")}]}`;
}

/** For lists in another order: all goes, all comes. */
function wholeList(before: readonly string[], after: readonly string[]): ListDelta {
  return { cut: before.map((_, place) => place), put: after.map((text, place) => [place, text]) };
}

/**
 * The deployment that a checkpoint and its journal make together. A last line that was cut off was never answered for
 * and doesn't count; anything else that is wrong throws, naming `path`.
 */
export function replayJournal(
  deployment: DeploymentJson,
  baseText: string,
  text: string | undefined,
  path: string,
): DeploymentJson {
  const [header, ...entries] = readLines(text, path);
  if ((header as JournalHeader | undefined)?.base !== digestOf(baseText))
    throw damaged(path, "it is not the journal of the checkpoint beside it");
  let resources: readonly Record<string, unknown>[] = deployment.resources ?? [];
  let operations: readonly Record<string, unknown>[] = deployment.pending_operations ?? [];
  for (const [index, entry] of (entries as JournalEntry[]).entries()) {
    if (entry.entry !== index + 1) throw damaged(path, `entry ${index + 1} is missing`);
    try {
      resources = applyDelta(resources, entry.resources);
      operations = applyDelta(operations, entry.operations);
    } catch (error) {
      throw damaged(path, `entry ${entry.entry}: ${messageOf(error)}`);
    }
  }
  const pending = operations as DeploymentJson["pending_operations"];
  return { ...deployment, resources, ...(pending === undefined ? {} : { pending_operations: pending }) };
}

/** The parsed lines. What follows the last line's end is one that a crash cut off: it was never answered for. */
function readLines(text: string | undefined, path: string): readonly unknown[] {
  if (text === undefined) throw damaged(path, "it is missing");
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line, index) => {
    const json = line.slice(CHECKSUM_LENGTH);
    if (lineOf(json) !== `${line}\n`) throw damaged(path, `line ${index + 1} is not what was written`);
    return JSON.parse(json) as unknown;
  });
}
