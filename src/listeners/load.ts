import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Place, type Problem, ProblemsError, sortProblems } from "../tenant/problems.ts";
import { type Ending, runChild } from "./childProcess.ts";
import type { Declaration, Fault } from "./declaration.ts";

/** The user's folder of listeners, below the project's root. */
export const LISTENER_FOLDER = "hooks";
/** What was read of a folder with these contents: a process for each file, saved in the next run. */
const CACHE = "node_modules/.cache/tenantry-listeners";
const NAME_FORM = /^[a-z][a-zA-Z0-9-]*$/;

/** What a project's listeners declare, or what is wrong with their files. */
export interface ListenerReport {
  readonly declarations: readonly Declaration[];
  readonly problems: readonly Problem[];
}

/** The path of a listener's file, relative to the project's root. */
export function listenerPath(name: string): string {
  return `${LISTENER_FOLDER}/${name}.ts`;
}

/** Every listener of a project, by name. Throws `E_INVALID_ENTRY` with file and line for files that can't be used. */
export async function loadListeners(root: string): Promise<readonly Declaration[]> {
  const { declarations, problems } = await inspectListeners(root);
  if (problems.length > 0)
    throw new ProblemsError(problems, "`tenantry check` reads these files again. Nothing was touched.");
  return declarations;
}

/** The same without throwing. Reads each file in a process of its own, unless these contents were read before. */
export async function inspectListeners(root: string): Promise<ListenerReport> {
  const names = listenerNames(root);
  if (names.length === 0) return { declarations: [], problems: [] };
  const path = join(root, CACHE, `${fingerprint(root)}.json`);
  const known = readCache(path);
  if (known !== undefined) return { declarations: known, problems: [] };
  const reports = await Promise.all(names.map((name) => inspectFile(root, name)));
  const problems = sortProblems(reports.flatMap((report) => report.problems));
  const declarations = reports.flatMap((report) => report.declarations);
  if (problems.length === 0) writeCache(path, declarations);
  return { declarations, problems };
}

/** Files directly in the folder; folders below it are the user's own modules. */
function listenerNames(root: string): string[] {
  const folder = join(root, LISTENER_FOLDER);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap(({ name }) => /^(.+?)(?<!\.d|\.test)\.ts$/.exec(name)?.[1] ?? []).sort();
}

function fingerprint(root: string): string {
  const folder = join(root, LISTENER_FOLDER);
  const hash = createHash("sha256").update(process.version);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort())
    hash.update(`\0${path}\0`).update(readFileSync(path));
  return hash.digest("hex").slice(0, 32);
}

function readCache(path: string): readonly Declaration[] | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // Not there, or torn by a power cut: the files are read again.
    return undefined;
  }
}

function writeCache(path: string, declarations: readonly Declaration[]): void {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(draft, JSON.stringify(declarations));
    renameSync(draft, path);
  } catch {
    // Another user's folder, or a full disk: the next run reads the files again.
  }
}

async function inspectFile(root: string, name: string): Promise<ListenerReport> {
  if (!NAME_FORM.test(name)) {
    const text = `expected a name of letters, digits and hyphens; got '${name}.ts'.`;
    return { declarations: [], problems: [problemAt({ file: listenerPath(name) }, text)] };
  }
  const file = join(root, listenerPath(name));
  const { signal } = new AbortController();
  const options = { root, timeoutMs: 0, signal, onLine: ignoreLine };
  const ending = await runChild({ kind: "inspect", file, name }, options);
  return reportOf(ending, name, file);
}

/** Reading a file is no event: what it prints then belongs to nobody's output. */
function ignoreLine(): void {
  // Nothing to do.
}

function reportOf(ending: Ending, name: string, file: string): ListenerReport {
  if (ending.kind === "declared") return { declarations: [ending.declaration], problems: [] };
  const source = readFileSync(file, "utf8");
  const path = listenerPath(name);
  if (ending.kind === "faulty") {
    const problems = ending.faults.map((fault) =>
      problemAt({ file: path, ...placeOfWord(source, fault) }, fault.text),
    );
    return { declarations: [], problems };
  }
  const words = ending.kind === "failed" ? ending : { error: "answered nothing", stack: "" };
  const place = placeOfFailure(words, file, source);
  return {
    declarations: [],
    problems: [problemAt({ file: path, ...place }, `can't be read: ${firstWords(words.error, file)}.`)],
  };
}

function problemAt(place: Place, text: string): Problem {
  return { code: "E_INVALID_ENTRY", place, path: [], text };
}

/** Where a word stands for the first time; else the `listener` export, else the first line. */
function placeOfWord(source: string, { word = "listener" }: Fault): { line: number; column: number } {
  const lines = source.split("\n");
  const form = new RegExp(`\\b${word.replaceAll(/\W/g, "\\$&")}\\b`);
  const line = lines.findIndex((text) => form.test(text) && !/^\s*(\/\/|\*|\/\*)/.test(text));
  if (line < 0) return { line: 1, column: 1 };
  return { line: line + 1, column: (lines[line] ?? "").search(form) + 1 };
}

interface Failure {
  readonly error: string;
  readonly stack: string;
}

/** What esbuild or a stack says of this file; a missing module is where its name stands. */
function placeOfFailure(
  { error, stack }: Failure,
  file: string,
  source: string,
): { line: number; column: number } {
  const text = `${error}\n${stack}`;
  const at = text.indexOf(`${file}:`);
  const [, line, column, isParser] =
    /^:(\d+):(\d+)(: ERROR)?/.exec(at < 0 ? "" : text.slice(at + file.length)) ?? [];
  // esbuild counts columns from 0, a stack from 1.
  if (line !== undefined && column !== undefined)
    return { line: Number(line), column: Number(column) + (isParser === undefined ? 0 : 1) };
  const missing = /Cannot find (?:module|package) '(?:[^']*\/)?([^'/]+)'/.exec(error)?.[1];
  return placeOfWord(source, missing === undefined ? { text } : { text, word: missing });
}

/** The sentence of an error with paths of the project, without what only tells where. */
function firstWords(error: string, file: string): string {
  const told = /ERROR: (.+)/.exec(error)?.[1] ?? error.split("\n")[0] ?? "";
  const root = `${dirname(dirname(file))}/`;
  return told
    .replaceAll(root, "")
    .replace(/ imported from .*$/, "")
    .replace(/\.$/, "");
}
