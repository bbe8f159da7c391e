import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type FileBackend, listFolder, type StackId } from "./backend.ts";
import { createFile } from "./durableFile.ts";
import { EngineError, messageOf, unwritable } from "./errors.ts";

export type RunKind = "update" | "preview" | "refresh" | "destroy" | "import";

/** One finished run, as Pulumi's history files have it. */
export interface HistoryEntry {
  readonly kind: RunKind;
  /** Unix seconds. */
  readonly startTime: number;
  readonly message: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Values as the config file has them: secrets encrypted. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly result: "succeeded" | "failed";
  readonly endTime: number;
  readonly resourceChanges?: Readonly<Record<string, number>>;
}

/** Config in Pulumi's history form: texts, `{secure}` and objects as JSON text. */
export function historyConfig(raw: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...raw].map(([key, value]) => [key, historyValue(value)]));
}

function historyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return String(value ?? "");
  if (typeof (value as { secure?: unknown }).secure === "string") return value;
  return { object: JSON.stringify(value) };
}

const HISTORY_END = ".history.json";

/** Writes a copy of the checkpoint that a run left, then its entry: each entry has its checkpoint. */
export async function addHistory(backend: FileBackend, id: StackId, entry: HistoryEntry): Promise<void> {
  const folder = backend.historyFolder(id);
  const nanos = `${BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)}`;
  const prefix = join(folder, `${id.stack}-${nanos}`);
  const checkpoint = `${prefix}.checkpoint.json`;
  try {
    await mkdir(folder, { recursive: true });
    await copyFile(backend.checkpointPath(id), checkpoint);
    await createFile(prefix + HISTORY_END, JSON.stringify(entry));
  } catch (error) {
    await rm(checkpoint, { force: true });
    const meaning = "What the run did is in the state; only its entry in the history is missing.";
    throw unwritable("history file", prefix + HISTORY_END, error, meaning);
  }
}

/** A page of a stack's runs, the latest first; all of them without a size. */
export async function readHistory(
  backend: FileBackend,
  id: StackId,
  pageSize: number | undefined,
  page: number,
): Promise<readonly HistoryEntry[]> {
  const folder = backend.historyFolder(id);
  const names = (await listFolder(folder)).filter((name) => name.endsWith(HISTORY_END)).reverse();
  const start = pageSize === undefined ? 0 : (page - 1) * pageSize;
  const chosen = names.slice(start, pageSize === undefined ? undefined : start + pageSize);
  const texts = await Promise.all(chosen.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text, index) => parseEntry(text, join(folder, chosen[index] ?? "")));
}

function parseEntry(text: string, path: string): HistoryEntry {
  try {
    return JSON.parse(text) as HistoryEntry;
  } catch (error) {
    throw new EngineError(`the history file '${path}' is damaged: ${messageOf(error)}`, undefined, error);
  }
}
