import * as fs from "node:fs/promises";

/** A log that has grown past this is put aside when its writer starts anew; one old log is kept. */
const MAX_BYTES = 20 * 1024 * 1024;

/** Opens a log for appending, 0600. */
export async function openLog(file: string): Promise<fs.FileHandle> {
  const log = await fs.open(file, "a", 0o600);
  if ((await log.stat()).size < MAX_BYTES) return log;
  await log.close();
  await fs.rename(file, `${file}.old`);
  return fs.open(file, "a", 0o600);
}
