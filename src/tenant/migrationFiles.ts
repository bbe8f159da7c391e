import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { expectedGot, orList, type Problem, refuseProblems, visible } from "./problems.ts";
import { listNames, readProjectFile } from "./workspaceFiles.ts";

const FILE_NAME = /^(\d{4})_([A-Za-z0-9][\w.-]*)\.sql$/;
/** Files of the folder that are nobody's migration. */
const IGNORED_NAME = /^\.|~$|^README\.md$/;
/** A migration of this size is a data load, which doesn't belong into one transaction of every tenant. */
const MAX_MIGRATION_BYTES = 4 * 1024 * 1024;

/** One SQL migration. */
export interface MigrationFile {
  /** Four digits: the order, and the ledger's key. */
  readonly version: string;
  /** What stands between number and `.sql`. */
  readonly name: string;
  /** File name without its folder. */
  readonly file: string;
  /** sha256 in hex of the text with every CRLF and CR as LF, so that a checkout on Windows is no edit. */
  readonly checksum: string;
  /** The text with LF line ends. */
  readonly sql: string;
}

/**
 * The migrations of a folder in their order, up to and with `target`. Throws `E_INVALID_ENTRY` with every wrong name, repeated
 * number, unreadable file, a missing folder and a target that no file has.
 */
export function readMigrationFiles(root: string, dir: string, target?: string): MigrationFile[] {
  const folder = dir.replace(/\/+$/, "");
  if (!existsSync(join(root, folder))) {
    refuseProblems([problem(folder, expectedGot("a folder of migrations", "no such folder"))]);
  }
  const read = listNames(root, folder)
    .filter((name) => !IGNORED_NAME.test(name))
    .map((file) => ({ ...readProjectFile(root, `${folder}/${file}`, MAX_MIGRATION_BYTES), file }));
  const texts = read.flatMap((file) => ("text" in file ? [{ file: file.file, text: file.text }] : []));
  refuseProblems(read.flatMap((file) => ("problem" in file ? [file.problem] : [])));
  return orderMigrations(texts, folder, target);
}

/**
 * Checksums of every file below a folder, whatever its name, by its path in the folder: what a `command` migrates by. Throws
 * `E_INVALID_ENTRY` for a missing folder and unreadable files.
 */
export function readCommandFiles(root: string, dir: string): Readonly<Record<string, string>> {
  const folder = dir.replace(/\/+$/, "");
  if (!existsSync(join(root, folder))) {
    refuseProblems([
      problem(folder, expectedGot("the folder of the command's migrations", "no such folder")),
    ]);
  }
  const names = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => relative(join(root, folder), join(item.parentPath, item.name)))
    .filter((name) => !IGNORED_NAME.test(name))
    .sort();
  const read = names.map((name) => ({
    ...readProjectFile(root, `${folder}/${name}`, MAX_MIGRATION_BYTES),
    name,
  }));
  refuseProblems(read.flatMap((file) => ("problem" in file ? [file.problem] : [])));
  return Object.fromEntries(
    read.flatMap((file) => ("text" in file ? [[file.name, migrationChecksum(file.text)]] : [])),
  );
}

/** The pure part: names, order and checksums of files already read. */
export function orderMigrations(
  files: readonly { readonly file: string; readonly text: string }[],
  folder: string,
  target?: string,
): MigrationFile[] {
  const wrong = files.filter(({ file }) => !FILE_NAME.test(file));
  const migrations = files.flatMap(toMigration).sort((a, b) => (a.file < b.file ? -1 : 1));
  const versions = migrations.map(({ version }) => version);
  const repeated = migrations.filter(({ version }, index) => versions.indexOf(version) < index);
  const isTargetKnown = target === undefined || target === NO_MIGRATION || versions.includes(target);
  refuseProblems([
    ...wrong.map(({ file }) => problem(`${folder}/${visible(file)}`, WRONG_NAME)),
    ...repeated.map(({ file, version }) =>
      problem(`${folder}/${file}`, expectedGot("a number of its own", `'${version}' again`)),
    ),
    ...(isTargetKnown ? [] : [problem(folder, expectedGot(`${orList(versions)} as target`, `'${target}'`))]),
  ]);
  return target === undefined ? migrations : migrations.filter(({ version }) => version <= target);
}

/** sha256 of a migration's text as the ledger keeps it. */
export function migrationChecksum(text: string): string {
  return createHash("sha256").update(withLf(text), "utf8").digest("hex");
}

/** A target before every file: none of them runs. For an attached database whose schema isn't of these migrations. */
export const NO_MIGRATION = "0000";

const WRONG_NAME = expectedGot("a name such as '0001_patients.sql'", "another");

function toMigration({ file, text }: { readonly file: string; readonly text: string }): MigrationFile[] {
  const [, version, name] = FILE_NAME.exec(file) ?? [];
  if (version === undefined || name === undefined) return [];
  return [{ version, name, file, checksum: migrationChecksum(text), sql: withLf(text) }];
}

function withLf(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

function problem(file: string, text: string): Problem {
  return { code: "E_INVALID_ENTRY", path: [], place: { file }, text };
}
