import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** What is known of the compiled sources that `bin/launch.mjs` keeps. */
export interface BundleFacts {
  readonly folder: string;
  /** Switched off by `TENANTRY_BUNDLE=off`: every run then compiles the sources. */
  readonly isOff: boolean;
  /** Whether this user can make the next one. */
  readonly isWritable: boolean;
  /** Files that are cut off or empty. */
  readonly damaged: readonly string[];
}

/** Last line of a bundle that is whole: `bin/launch.mjs` writes and looks for the same. */
export const BUNDLE_END = "//# whole\n";

/** Looks at the bundle that this process runs from: `bin/launch.mjs` says which. */
export function observeBundles(root: string, inUse = bundleInUse()): BundleFacts {
  const folder = join(root, "node_modules/.cache/tenantry");
  return {
    folder,
    isOff: process.env.TENANTRY_BUNDLE === "off",
    isWritable: isWritable(folder),
    damaged: inUse === undefined ? [] : damagedIn(inUse),
  };
}

function bundleInUse(): string | undefined {
  const folder: unknown = Reflect.get(globalThis, "__tenantryBundle");
  return typeof folder === "string" ? folder : undefined;
}

/** Of other processes: the one that this process runs from would have been made anew. */
function damagedIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cjs"));
  return files.map((name) => join(folder, name)).filter((file) => !isWhole(file));
}

/** By its end alone: a bundle has 10 MB. */
function isWhole(file: string): boolean {
  const handle = openSync(file, "r");
  try {
    const end = Buffer.alloc(BUNDLE_END.length);
    const { size } = fstatSync(handle);
    readSync(handle, end, 0, end.length, Math.max(0, size - end.length));
    return end.toString("latin1") === BUNDLE_END;
  } finally {
    closeSync(handle);
  }
}

/** For a folder that isn't there yet the nearest one above it decides. */
function isWritable(folder: string): boolean {
  if (!existsSync(folder)) return isWritable(dirname(folder));
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch (error) {
    if (["EACCES", "EROFS", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
