import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasErrorCode, syncFolder } from "./durableFile.ts";

/** Permissions of a new file: those that `umask` leaves of what the official CLI asks for. */
const NEW_FILE_MODE = 0o644;
const PERMISSIONS = 0o777;

/**
 * Replaces a file that belongs to the user, whole or not at all, and durably. Permissions and owner stay, a symbolic link
 * stays one; missing folders are made.
 */
export async function replaceUserFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const target = await targetOf(path);
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    await writeLike(target, temporary, text);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return path;
    throw error;
  }
}

async function writeLike(target: string, temporary: string, text: string): Promise<void> {
  const old = await statIfPresent(target);
  const file = await open(temporary, "wx", old === undefined ? NEW_FILE_MODE : 0o600);
  try {
    await file.writeFile(text);
    if (old !== undefined) {
      const own = await file.stat();
      if (own.uid !== old.uid || own.gid !== old.gid) await file.chown(old.uid, old.gid);
      await file.chmod(old.mode & PERMISSIONS);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return undefined;
    throw error;
  }
}
