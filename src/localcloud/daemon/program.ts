import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";

/** This program's own files. */
const SOURCE = path.resolve(import.meta.dirname, "..");

/** Fingerprint of the local cloud's source: a daemon of an older checkout is replaced at the next `start`. */
export async function programFingerprint(): Promise<string> {
  const names = (await fs.readdir(SOURCE, { recursive: true })).filter((name) => name.endsWith(".ts")).sort();
  const contents = await Promise.all(names.map((name) => fs.readFile(path.join(SOURCE, name))));
  const hash = createHash("sha256");
  for (const [index, name] of names.entries()) hash.update(`${name}\0`).update(contents[index] ?? "");
  return hash.digest("hex");
}
