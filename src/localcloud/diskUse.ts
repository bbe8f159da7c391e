import * as fs from "node:fs/promises";
import path from "node:path";
import type { Home } from "./home.ts";

/** Bytes on disk, by what they are for. */
export interface DiskUse {
  /** Data folders of the PostgreSQL servers, by server: databases and write-ahead log. */
  readonly databases: Readonly<Record<string, number>>;
  /** What Resource Manager, vaults and DNS keep: the store's journal. */
  readonly state: number;
  /** Pulumi's state. */
  readonly backend: number;
  readonly log: number;
}

/** `stat` counts blocks of this size, whatever the file system's own is. */
const BLOCK_BYTES = 512;

/** What a home takes. PostgreSQL's binaries are links to the package's and take nothing. */
export async function diskUse(home: Home): Promise<DiskUse> {
  const data = path.join(home.postgres, "data");
  const servers = (await entriesOf(data)).map(({ name }) => name);
  const [state, backend, log, ...sizes] = await Promise.all(
    [home.state, home.backend, home.log, ...servers.map((name) => path.join(data, name))].map(bytesIn),
  );
  const databases = Object.fromEntries(servers.map((name, index) => [name, sizes[index] ?? 0]));
  return { databases, state: state ?? 0, backend: backend ?? 0, log: log ?? 0 };
}

/** Bytes that a folder and all in it take on disk; 0 for one that isn't there. What vanishes meanwhile isn't counted. */
export async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await entriesOf(folder)).map(async (entry) => {
      const inside = path.join(folder, entry.name);
      return entry.isDirectory() ? bytesIn(inside) : bytesOf(inside);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function bytesOf(file: string): Promise<number> {
  return ((await unlessMissing(() => fs.lstat(file)))?.blocks ?? 0) * BLOCK_BYTES;
}

async function entriesOf(folder: string) {
  return (await unlessMissing(() => fs.readdir(folder, { withFileTypes: true }))) ?? [];
}

async function unlessMissing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
