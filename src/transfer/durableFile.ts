import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file as it lies on disk. */
export interface FileFacts {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Backups hold a tenant's data: nobody else may read them. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const UNFINISHED = ".part";

/**
 * Lets `fill` write a file under a temporary name, makes it durable and gives it its name last: at `path` there is a
 * whole file or none. On failure the temporary one is removed.
 */
export async function writeDurably(
  path: string,
  fill: (temporary: string) => Promise<void>,
): Promise<FileFacts> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const temporary = `${path}${UNFINISHED}`;
  try {
    await createPrivate(temporary);
    await fill(temporary);
    await syncPath(temporary);
    const facts = await readFacts(temporary);
    await rename(temporary, path);
    await syncPath(dirname(path));
    return facts;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Size and checksum of a file, read from disk. */
export async function readFacts(path: string): Promise<FileFacts> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/** Removes what killed runs left in a folder of ours: only one run at a time may write there. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    if (name.endsWith(UNFINISHED)) await rm(join(folder, name));
  }
}

async function createPrivate(path: string): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, "wx", FILE_MODE);
  await file.close();
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
