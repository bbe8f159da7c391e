import { randomBytes, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";

/** Random bytes kept in a 0600 file, made on the first call and the same ever after, also for two first calls at once. */
export async function keyFromFile(folder: string, name: string, bytes = 32): Promise<Buffer> {
  const file = path.join(folder, name);
  const known = await readIfThere(file);
  if (known !== undefined) return known;
  const fresh = `${file}.${randomUUID()}`;
  await writeSynced(fresh, randomBytes(bytes));
  // A link never overwrites: whoever comes second reads what the first one made.
  await fs.link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await fs.rm(fresh);
  return fs.readFile(file);
}

/** Whole or not at all: beside its place, synced, then renamed. */
export async function writePrivately(file: string, content: Buffer | string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  await writeSynced(fresh, content);
  await fs.rename(fresh, file);
}

async function writeSynced(file: string, content: Buffer | string): Promise<void> {
  const handle = await fs.open(file, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
