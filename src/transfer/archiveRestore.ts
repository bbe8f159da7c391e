import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import {
  type Client,
  dropDatabase,
  ident,
  literal,
  type MigrationFile,
  parseMigrationFile,
  type ServerAdmin,
  setDatabaseComment,
  waitUntilEmpty,
  withTransaction,
  workDatabaseName,
} from "../postgres/index.ts";
import { type CheckedArchive, checkArchive, dataPosition, readEntries } from "./archiveReader.ts";
import { resumeConstraints, suspendConstraints } from "./constraints.ts";
import { listGrants } from "./contents.ts";
import { restoreGrants } from "./grants.ts";
import { type ArchiveManifest, BASE_ENTRY, migrationEntry, type TableManifest } from "./manifest.ts";
import { withReplayedDatabase } from "./replay.ts";
import { DamagedArchiveError } from "./tar.ts";

/** Where an archive is restored to. */
export interface RestoreTarget {
  /** Names the database while it is unfinished. */
  readonly tenantId: string;
  readonly admin: ServerAdmin;
  /** Must not exist. */
  readonly database: string;
  /** Must exist, and the admin must be a member: it owns everything afterwards. */
  readonly role: string;
  /** COMMENT of the new database; default none. */
  readonly comment?: string;
}

/**
 * Makes a database from an archive: migrations replayed, rows, sequences and privileges as in the snapshot. It is built
 * under a name of its own and renamed when it is whole. Throws DamagedArchiveError before anything is made.
 */
export async function restoreArchive(path: string, target: RestoreTarget): Promise<ArchiveManifest> {
  const archive = await checkArchive(path);
  const { client } = target.admin;
  const work = workDatabaseName("restore", target.tenantId);
  const content = { baseSql: archive.texts.get(BASE_ENTRY) ?? "", files: filesOf(archive) };
  try {
    await withReplayedDatabase(target.admin, work, target.role, content, (inside) =>
      withTransaction(inside, () => load(inside, path, archive, target.role), { role: target.role }),
    );
    if (target.comment !== undefined) await setDatabaseComment(client, work, target.comment);
    await waitUntilEmpty(client, work);
    await client.query(`ALTER DATABASE ${ident(work)} RENAME TO ${ident(target.database)}`);
  } catch (error) {
    await dropDatabase(client, work);
    throw error;
  }
  return archive.manifest;
}

function filesOf(archive: CheckedArchive): readonly MigrationFile[] {
  return archive.head.migrations.map((name) => {
    const sql = archive.texts.get(migrationEntry(name));
    if (sql === undefined) throw new DamagedArchiveError(`migration '${name}' is missing`);
    return parseMigrationFile(name, sql);
  });
}

async function load(client: Client, path: string, archive: CheckedArchive, role: string): Promise<void> {
  const { manifest } = archive;
  await client.query("SET LOCAL search_path = ''; SET LOCAL row_security = off; SET LOCAL datestyle = 'ISO'");
  const suspended = await suspendConstraints(client);
  if (manifest.tables.length > 0)
    await client.query(`TRUNCATE ${manifest.tables.map((table) => `ONLY ${table.name}`).join(", ")}`);
  await loadRows(client, path, manifest.tables);
  for (const { name, lastValue, isCalled } of manifest.sequences)
    await client.query(`SELECT setval(${literal(name)}::regclass, $1::bigint, $2)`, [lastValue, isCalled]);
  await resumeConstraints(client, suspended);
  await restoreGrants(client, role, manifest.grants, await listGrants(client, role));
}

/** Every data entry ends with a whole row, so each is a COPY of its own. */
async function loadRows(client: Client, path: string, tables: readonly TableManifest[]): Promise<void> {
  await readEntries(path, async (entry) => {
    const position = dataPosition(entry.name);
    const table = position === undefined ? undefined : tables[position.table];
    if (table === undefined) return;
    const columns = table.columns.length === 0 ? "" : ` (${table.columns.join(", ")})`;
    await pipeline(
      Readable.from([entry.body]),
      client.query(copyFrom(`COPY ${table.name}${columns} FROM STDIN`)),
    );
  });
}
