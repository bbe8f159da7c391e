import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { editStatus, type StatusWords } from "./editStatus.ts";
import { parseEntry } from "./entry.ts";
import { entryPath, environmentNames, loadEntry } from "./load.ts";
import { RESERVED_ENVIRONMENTS } from "./names.ts";
import { refuseProblems } from "./problems.ts";
import { parseYamlDocument } from "./yamlDocument.ts";

/** What became of an entry's file. */
export interface EntryEdit {
  /** Path relative to the root. */
  readonly file: string;
  readonly hasChanged: boolean;
  /** Writes back what stood there; answers false, and leaves the file alone, where somebody edited it since. */
  putBack(): boolean;
}

/**
 * Writes a tenant's entry anew through `edit`, whole or not at all: never half a file. Throws, with nothing written, when the
 * result is no entry that holds (`E_INVALID_ENTRY`).
 */
export function rewriteEntry(
  root: string,
  slug: string,
  edit: (text: string, file: string) => string,
): EntryEdit {
  const file = entryPath(slug);
  const path = realpathSync(join(root, file));
  const before = readFileSync(path, "utf8");
  const after = edit(before, file);
  if (after === before) return { file, hasChanged: false, putBack: () => true };
  assertHolds(root, slug, file, after);
  replaceFile(path, after);
  const putBack = () => {
    if (readFileSync(path, "utf8") !== after) return false;
    replaceFile(path, before);
    return true;
  };
  return { file, hasChanged: true, putBack };
}

/** Makes a tenant's entry say these words for one environment; other environments of the entry keep what they have. */
export function rewriteStatus(
  root: string,
  slug: string,
  environment: string,
  words: StatusWords,
): EntryEdit {
  const { entry } = loadEntry(root, slug) ?? {};
  const isShared = entry?.environments.some((name) => name !== environment) ?? false;
  return rewriteEntry(root, slug, (text, file) => editStatus(text, file, words, { environment, isShared }));
}

function assertHolds(root: string, slug: string, file: string, text: string): void {
  const environments = environmentNames(root);
  const reserved = [...new Set([...environments, ...RESERVED_ENVIRONMENTS])];
  const { problems } = parseEntry(parseYamlDocument(text, file), { slug, environments, reserved });
  refuseProblems(problems, "This edit was not made; edit the entry by hand.");
}

/** Beside the file under a name that no entry has, then in its place: a reader sees the old text or the new one. */
function replaceFile(path: string, text: string): void {
  const beside = join(dirname(path), `.${basename(path)}.new`);
  try {
    writeFileSync(beside, text);
    chmodSync(beside, statSync(path).mode);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}
