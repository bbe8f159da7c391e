import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, readFile, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What `link` answers on file systems without hard links. */
const NO_HARD_LINKS: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS"];

export function hasErrorCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/**
 * Replaces a file so that a crash at any moment leaves the old or the new bytes, and the old ones in
 * `<path>.bak` unless that is to stay as it is: temporary file, fsync, rename, fsync of the folder.
 */
export async function replaceFile(
  path: string,
  text: string,
  { keepsBackup = true }: { readonly keepsBackup?: boolean } = {},
): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    await writeSynced(temporary, text);
    if (keepsBackup) await keepBackup(path);
    await rename(temporary, path);
  } catch (error) {
    await removeIfPresent(temporary);
    throw error;
  }
  await removeIfPresent(`${path}.attrs`);
  await syncFolder(dirname(path));
}

/** Removes a file; answers whether there was one. */
export async function removeIfPresent(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return false;
    throw error;
  }
}

/** Makes a file that is never seen half-written; the temporary one lies in `folder`, on the same disk. */
export async function createFile(path: string, text: string, folder = dirname(path)): Promise<void> {
  const temporary = temporaryOf(join(folder, basename(path)));
  await writeSynced(temporary, text);
  await rename(temporary, path);
}

/** Makes a whole file unless there is one; answers whether it did. Of several at once exactly one does. */
export async function createFileOnce(path: string, text: string): Promise<boolean> {
  const temporary = temporaryOf(path);
  await writeSynced(temporary, text);
  try {
    await linkOrCopyNew(temporary, path);
  } catch (error) {
    if (hasErrorCode(error, ["EEXIST"])) return false;
    throw error;
  } finally {
    await removeIfPresent(temporary);
  }
  await syncFolder(dirname(path));
  return true;
}

async function linkOrCopyNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!hasErrorCode(error, NO_HARD_LINKS)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** A name of its own: two stacks of one process may write the same file at once. */
function temporaryOf(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function keepBackup(path: string): Promise<void> {
  const backup = `${path}.bak`;
  const temporary = temporaryOf(backup);
  if (!(await linkOrCopy(path, temporary))) return;
  await rename(temporary, backup);
  await removeIfPresent(`${backup}.attrs`);
}

/** False when there is nothing to keep yet. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return false;
    if (!hasErrorCode(error, NO_HARD_LINKS)) throw error;
    await copyFile(from, to);
    return true;
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file's text, or undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return undefined;
    throw error;
  }
}

/** Removes the temporary files that killed processes left beside `path`, of those in `entries` of its folder. */
export async function removeTemporary(path: string, entries: readonly string[]): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  for (const entry of entries) {
    const end = entry.startsWith(name) ? entry.slice(name.length) : "";
    if (/^(\.bak)?\.[0-9a-f-]{36}\.tmp$/.test(end)) await removeIfPresent(join(folder, entry));
  }
}
