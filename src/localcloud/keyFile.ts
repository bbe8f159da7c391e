import { randomBytes, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";

/** Random bytes kept in a 0600 file, made on the first call and the same ever after. */
export async function keyFromFile(folder: string, name: string, bytes = 32): Promise<Buffer> {
  const file = path.join(folder, name);
  try {
    return await fs.readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const key = randomBytes(bytes);
  await writePrivately(file, key);
  return key;
}

/** Whole or not at all: beside its place, synced, then renamed. */
export async function writePrivately(file: string, content: Buffer | string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  const handle = await fs.open(fresh, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(fresh, file);
}
