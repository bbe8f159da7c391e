import * as fs from "node:fs/promises";
import path from "node:path";
import type { Home } from "./home.ts";
import { stopServers } from "./leftovers.ts";

/** Says whose place it is. */
const OWNER_FILE = "home";
const PLACE = /^tenantry-[0-9a-f]{16}$/;

/**
 * As root PostgreSQL's files lie apart from the home, so deleting the home's folder leaves them, and perhaps servers.
 * Marks this home's place and removes those whose home is gone. Places of other users are not looked at.
 */
export async function removeAbandonedPlaces(home: Home): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await fs.mkdir(home.postgres, { recursive: true, mode: 0o700 });
  await fs.writeFile(path.join(home.postgres, OWNER_FILE), home.folder, { mode: 0o600 });
  const parent = path.dirname(home.postgres);
  for (const name of await fs.readdir(parent)) {
    const place = path.join(parent, name);
    if (PLACE.test(name) && place !== home.postgres && (await isAbandoned(place)))
      await removePlace(home, place);
  }
}

async function removePlace(home: Home, place: string): Promise<void> {
  await stopServers({ ...home, postgres: place });
  await fs.rm(place, { recursive: true, force: true });
}

async function isAbandoned(place: string): Promise<boolean> {
  const owner = path.join(place, OWNER_FILE);
  const stat = await unlessMissing(() => fs.lstat(owner));
  if (stat === undefined || !stat.isFile() || stat.uid !== 0) return false;
  const folder = await unlessMissing(() => fs.readFile(owner, "utf8"));
  return folder !== undefined && (await unlessMissing(() => fs.lstat(folder))) === undefined;
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
