import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder with `migrations/` and `hooks/`: found from this file, because a plugin's working folder is anybody's. */
export const PROJECT_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A path of the environment's config: relative to the project's root, or absolute. */
export function inProject(path: string): string {
  return resolve(PROJECT_ROOT, path);
}
