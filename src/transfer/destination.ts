import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../tenant/errors.ts";

/**
 * Folder that a backups URL names: `file:///var/backups`, `file:backups` or a path relative to the project's root.
 * Throws `E_NOT_SUPPORTED` for any other scheme.
 */
export function backupFolder(url: string, projectRoot: string): string {
  if (url.startsWith("file://")) return fileURLToPath(url);
  if (url.startsWith("file:")) return resolve(projectRoot, url.slice("file:".length));
  if (/^[a-z][a-z0-9+.-]+:/i.test(url))
    throw new UserError(
      "E_NOT_SUPPORTED",
      `backups.url: expected a 'file:' URL or a path; got the scheme '${url.slice(0, url.indexOf(":"))}'.`,
    );
  return resolve(projectRoot, url);
}

/** Name of a backup's file: slug folder, time and kind, e.g. `acme/20261121T120000Z-final.tar.gz`. */
export function backupPath(folder: string, slug: string, kind: string, at: Date, extension: string): string {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  return join(folder, slug, `${time}-${kind}.${extension}`);
}

/** `file://…`, as master keeps it. */
export function locationOf(path: string): string {
  return pathToFileURL(path).href;
}

/** Path of a location that `locationOf` made. */
export function pathOf(location: string): string {
  return fileURLToPath(location);
}
