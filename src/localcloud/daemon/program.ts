import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";

/** This program's own files, and those of the gate that runs in it. */
const SOURCES = ["..", "../../gate"].map((folder) => path.resolve(import.meta.dirname, folder));

/** Fingerprint of the local cloud's source: a daemon of an older checkout is replaced at the next `start`. */
export async function programFingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    const names = (await fs.readdir(source, { recursive: true }))
      .filter((name) => name.endsWith(".ts"))
      .sort();
    const contents = await Promise.all(names.map((name) => fs.readFile(path.join(source, name))));
    for (const [index, name] of names.entries()) hash.update(`${name}\0`).update(contents[index] ?? "");
  }
  return hash.digest("hex");
}
