import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { UserError } from "./errors.ts";
import { expectedGot, type Problem, visible } from "./problems.ts";
import { decodeText, MAX_FILE_BYTES } from "./yamlDocument.ts";

/** Files of a folder that aren't ours and nobody's mistake: editors', Git's and people's notes. */
const IGNORED_NAME = /^\.|~$|^README\.md$/;
const EXTENSION = ".yaml";

/** What the file system says when a file can't be read; each is an answer, other errors are not. */
const READ_FAILURES: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  ELOOP: "a loop of symbolic links",
  ENOENT: "a symbolic link to nothing",
  ENOTDIR: "a symbolic link to nothing",
};

const FOLDER_FAILURES: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  ELOOP: "a loop of symbolic links",
  ENOTDIR: "a file",
};

/** A file's text, or why there is none. `path` is relative to the root, with forward slashes. */
export type ReadFile =
  | { readonly path: string; readonly name: string; readonly text: string }
  | { readonly path: string; readonly name: string; readonly problem: Problem };

/** One folder of `*.yaml` files as read. */
export interface Folder {
  /** Sorted by name; `name` is without `.yaml`. */
  readonly files: readonly ReadFile[];
  /** Sub-folders, wrong extensions and other strays. */
  readonly problems: readonly Problem[];
}

/** Reads every `*.yaml` of a folder; a folder that isn't there is empty, one that can't be read throws. Never follows a link out of the root. */
export function readFolder(root: string, folder: string): Folder {
  const listed = listFolder(root, folder).filter(({ name }) => !IGNORED_NAME.test(name));
  const problems = listed.flatMap((item) => strayProblem(folder, item));
  const files = listed
    .filter((item) => item.name.endsWith(EXTENSION) && !item.isDirectory())
    .map((item) => readProjectFile(root, `${folder}/${item.name}`));
  return { files, problems };
}

/** Reads one file of the project by its path relative to the root. */
export function readProjectFile(root: string, path: string, maxBytes = MAX_FILE_BYTES): ReadFile {
  const name = (path.split("/").at(-1) ?? path).slice(0, -EXTENSION.length);
  const shown = visible(path);
  const text = readText(root, path, maxBytes);
  return typeof text === "string" ? { path: shown, name, text } : { path: shown, name, problem: text };
}

/** Names in a folder without opening anything, sorted; empty when the folder isn't there. */
export function listNames(root: string, folder: string): string[] {
  return listFolder(root, folder).map(({ name }) => name);
}

function listFolder(root: string, folder: string): Dirent[] {
  try {
    const items = readdirSync(join(root, folder), { withFileTypes: true });
    return items.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = codeOf(error) ?? "";
    if (code === "ENOENT") return [];
    if (FOLDER_FAILURES[code] === undefined) throw error;
    throw new UserError(
      "E_INVALID_ENTRY",
      `${folder}: ${expectedGot("a readable folder", FOLDER_FAILURES[code])}`,
      {
        cause: error,
      },
    );
  }
}

/** A pipe or device would block or never end, a link out of the root would show another's file: neither is opened. */
function readText(root: string, path: string, maxBytes: number): string | Problem {
  const shown = visible(path);
  const full = join(root, path);
  try {
    const real = realpathSync(full);
    if (relative(realpathSync(root), real).split(sep)[0] === "..") {
      return unreadable(shown, "a symbolic link that leaves the project");
    }
    if (!statSync(real).isFile()) return unreadable(shown, "something else");
    return decodeText(readFileSync(real), shown, maxBytes);
  } catch (error) {
    const failure = READ_FAILURES[codeOf(error) ?? ""];
    if (failure === undefined) throw error;
    return unreadable(shown, failure);
  }
}

function unreadable(path: string, got: string): Problem {
  return {
    code: "E_INVALID_ENTRY",
    path: [],
    place: { file: path },
    text: expectedGot("a readable file", got),
  };
}

function strayProblem(folder: string, item: Dirent): Problem[] {
  const place = { file: `${folder}/${visible(item.name)}` };
  const stray = (text: string): Problem[] => [{ code: "E_INVALID_ENTRY", path: [], place, text }];
  if (item.isDirectory()) return stray(expectedGot("only files here", "a folder"));
  if (item.name.endsWith(EXTENSION)) return [];
  return stray(expectedGot("a file name that ends in '.yaml'", `'${visible(item.name)}'`));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}
