import { readFile, writeFile } from "node:fs/promises";
import { withConnection, withDatabase, withTransaction } from "../postgres/index.ts";
import type { ContentsManifest } from "./manifest.ts";
import { measureContents, READ_SETTINGS } from "./measure.ts";
import { dumpTo } from "./pgDump.ts";
import type { BackupSource } from "./source.ts";
import { DamagedArchiveError } from "./tar.ts";

/** What stands beside a pg_dump file: which file it belongs to, and what is in it. */
interface DumpManifest extends ContentsManifest {
  /** Hex, of the dump. */
  readonly dumpSha256: string;
}

/** Dumps with pg_dump; answers what is in the dump: both of one snapshot. */
export async function writeDump(
  { admin, database, role }: BackupSource,
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<ContentsManifest> {
  const url = withDatabase(admin.url, database);
  const body = (client: Parameters<typeof measureContents>[0]) => async () => {
    await client.query(READ_SETTINGS);
    const { rows } = await client.query("SELECT pg_export_snapshot() AS snapshot");
    await dumpTo(path, url, { role, snapshot: rows[0].snapshot }, environment);
    // A sequence is outside of the snapshot: pg_dump may have seen it elsewhere.
    return { ...(await measureContents(client, role)), sequences: [] };
  };
  const options = { isolation: "repeatable read", isReadOnly: true, role } as const;
  return withConnection(url, admin.options, (client) => withTransaction(client, body(client), options));
}

/** Path of the file that says what is in a dump. */
export function dumpManifestPath(path: string): string {
  return `${path}.manifest.json`;
}

/** Writes the file beside a dump; for its owner alone, like the dump. */
export async function writeDumpManifest(
  path: string,
  dumpSha256: string,
  manifest: ContentsManifest,
): Promise<void> {
  const text = `${JSON.stringify({ dumpSha256, ...manifest })}\n`;
  await writeFile(dumpManifestPath(path), text, { mode: 0o600, flush: true });
}

/**
 * What is in a dump, by the file beside it; undefined where there is none (another program's dump, or one of before). Throws
 * DamagedArchiveError for one that belongs to another dump.
 */
export async function readDumpManifest(
  path: string,
  dumpSha256: string,
): Promise<ContentsManifest | undefined> {
  const text = await readFile(dumpManifestPath(path), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const manifest = JSON.parse(text) as DumpManifest;
  if (manifest.dumpSha256 === dumpSha256) return manifest;
  throw new DamagedArchiveError(
    `'${dumpManifestPath(path)}' is about a dump with sha256 ${manifest.dumpSha256}; expected ${dumpSha256}`,
  );
}
