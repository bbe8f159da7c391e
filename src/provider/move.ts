import type { AdminSession } from "../access/index.ts";
import { loadMigrations, TENANT_SCHEMA_SQL } from "../hooks/index.ts";
import {
  dropRole,
  dropUnfinishedCopy,
  ensureRole,
  formatMarker,
  formatPostgresUrl,
  ident,
  observeDatabase,
  parsePostgresUrl,
  retireDatabase,
  scramVerifier,
  setDatabaseComment,
  setReadOnly,
  setTenantAccess,
  type TenantDatabase,
  waitUntilEmpty,
  workDatabaseName,
} from "../postgres/index.ts";
import {
  beginMove,
  endMove,
  keepMove,
  type MoveRow,
  type PlacementWish,
  switchMove,
  type TenantRow,
} from "../registry/index.ts";
import type { MigrationPlan } from "../tenant/desired.ts";
import { MARKER_KEYS, markerOf } from "../tenant/edgeNames.ts";
import { UserError } from "../tenant/errors.ts";
import { assertSameContents, copyDatabase, readContents } from "../transfer/index.ts";
import { explain } from "./failure.ts";
import { databaseOf, isOpenStatus, withBothServers } from "./moveEnds.ts";
import { undoMove } from "./moveUndo.ts";
import { PROJECT_ROOT } from "./projectRoot.ts";
import { requireRecord } from "./records.ts";
import type { Run } from "./run.ts";

/**
 * Brings a placed tenant to where its entry wants it. Until master says that it is on the new server it is on the old one, whole:
 * a run that is cut off is gone on with by the next, which copies again or settles what is left. Answers the name of its server.
 * Throws `E_NO_CAPACITY`, `E_DB_SERVER_NOT_FOUND` before anything is touched, and undoes what it began when the copy fails.
 */
export async function moveTenant(
  record: TenantRow,
  wish: PlacementWish,
  plan: MigrationPlan,
  run: Run,
): Promise<string> {
  const move = await run.access.withMaster((client) => beginMove(client, record.id, wish));
  if (move === undefined) return record.server as string;
  run.point("move begun");
  if (move.state === "copying" && isElsewhere(move, wish)) {
    // The entry has changed its mind: that move did not happen.
    await undoMove(record, move, run);
    return moveTenant(record, wish, plan, run);
  }
  if (move.state === "copying" && !(await hasDatabase(record, move, run)))
    await switchEmpty(record, move, run);
  else {
    if (move.state === "copying") await carryOver(record, move, plan, run);
    await settle(record, move, run);
  }
  return moveTenant(
    await run.access.withMaster((client) => requireRecord(client, record.id)),
    wish,
    plan,
    run,
  );
}

/** Whether there is anything to carry. Throws `E_PARTIAL_STATE` where the data of a tenant that was active is gone. */
async function hasDatabase(record: TenantRow, { from }: MoveRow, run: Run): Promise<boolean> {
  const found = await run.access.withAdmin(from, ({ client }) =>
    observeDatabase(client, record.databaseName),
  );
  if (found !== undefined || record.activeAt === null) return found !== undefined;
  throw new UserError(
    "E_PARTIAL_STATE",
    `server '${from}': database '${record.databaseName}' of tenant '${record.slug}' is not there; expected it with its data before a move.`,
    { hint: `Bring it back from a backup first; until then set 'server' back to '${from}'.` },
  );
}

/** A first run that changed its mind before it made a database: only a role may have to go. */
async function switchEmpty(record: TenantRow, move: MoveRow, run: Run): Promise<void> {
  const { role, marker } = databaseOf(record);
  await run.access.withAdmin(move.from, ({ client, url, options }) =>
    dropRole(client, url, role, marker, options),
  );
  const audited = await run.audited();
  await run.access.withMaster(async (client) => {
    await switchMove(client, move, audited, { rows: 0, readOnlyMs: 0 });
    await endMove(client, move, "dropped");
  });
}

function isElsewhere(move: MoveRow, { server }: PlacementWish): boolean {
  return server !== "auto" && server !== move.to;
}

/** Copies, compares, closes the old one and switches master; undone where that fails for any reason but an interruption. */
async function carryOver(record: TenantRow, move: MoveRow, plan: MigrationPlan, run: Run): Promise<void> {
  try {
    await withBothServers(move, record.slug, run, (source, target) =>
      copyAndSwitch(record, move, plan, { source, target, run }),
    );
  } catch (error) {
    const told = explain(error);
    if (told instanceof UserError && PASSING.includes(told.code)) throw told;
    await undoMove(record, move, run);
    if (!(told instanceof UserError)) throw told;
    throw new UserError(told.code, `${told.message} The tenant is on '${move.from}' as before.`, {
      cause: error,
      ...(told.hint === undefined ? {} : { hint: told.hint }),
    });
  }
}

/** What passes by itself: the next run goes on with the move. */
const PASSING: readonly string[] = ["E_UNREACHABLE", "PROVISIONING_UNAVAILABLE", "E_LOCKED"];

interface Ends {
  readonly source: AdminSession;
  readonly target: AdminSession;
  readonly run: Run;
}

async function copyAndSwitch(
  record: TenantRow,
  move: MoveRow,
  plan: MigrationPlan,
  ends: Ends,
): Promise<void> {
  const { source, target, run } = ends;
  const { slug } = record;
  const place = databaseOf(record);
  await prepareTarget(record, target, run);
  run.point("target ready");
  const startedAt = performance.now();
  await run.log(`tenant '${slug}' is read-only while its data is copied from '${move.from}' to '${move.to}'`);
  await setReadOnly(source.client, place, true);
  run.point("read-only");
  const files = await loadMigrations(plan, PROJECT_ROOT, slug);
  const content = { baseSql: TENANT_SCHEMA_SQL, files };
  const work = workDatabaseName("move", record.id);
  const copied = await copyDatabase(
    { slug, tenantId: record.id, admin: source, database: place.database, role: place.role, content },
    { admin: target, database: work, role: place.role },
  );
  run.point("copied");
  assertSameContents(slug, copied, await readContents(target, work, place.role), "the copy differs");
  await nameCopy(place, work, target);
  run.point("compared");
  // Nobody can write any more; whoever made a session of its own writable in spite of the setting is found out here.
  await setTenantAccess(source.client, place, false);
  run.point("source closed");
  const left = await readContents(source, place.database, place.role);
  assertSameContents(slug, copied, left, "somebody wrote while it was copied");
  await setTenantAccess(target.client, place, isOpenStatus(record.status));
  run.point("target open");
  const readOnlyMs = Math.round(performance.now() - startedAt);
  const rows = Object.values(copied.tables).reduce((sum, table) => sum + table.rows, 0);
  const audited = await run.audited();
  await run.access.withMaster((client) => switchMove(client, move, audited, { rows, readOnlyMs }));
  run.point("switched");
  await run.log(`tenant '${slug}' was read-only for ${readOnlyMs} ms; ${rows} rows copied and compared`);
}

/** The role with the password that the vault knows, and no database of before. */
async function prepareTarget(record: TenantRow, target: AdminSession, run: Run): Promise<void> {
  const place = databaseOf(record);
  const { password } = parsePostgresUrl(await secretUrl(record, run));
  const verifier = await scramVerifier(password);
  await ensureRole(target.client, { name: place.role, marker: place.marker, verifier, canLogin: false });
  // A leftover of a cut-off move; the tenant isn't here, says master. What an earlier move left here stays for its time.
  await dropUnfinishedCopy(target.client, place);
}

/** Under its name a copy is whole, marked and closed to others. */
async function nameCopy(place: TenantDatabase, work: string, { client }: AdminSession): Promise<void> {
  await setDatabaseComment(client, work, formatMarker(place.marker));
  await waitUntilEmpty(client, work);
  await client.query(`ALTER DATABASE ${ident(work)} RENAME TO ${ident(place.database)}`);
}

/** Secret, old copy, row: what is left to do once master says that the tenant has moved. */
async function settle(record: TenantRow, move: MoveRow, run: Run): Promise<void> {
  await withBothServers(move, record.slug, run, async (source, target) => {
    await pointSecret(record, target, run);
    run.point("secret put");
    await setTenantAccess(target.client, databaseOf(record), isOpenStatus(record.status));
    const old = await observeDatabase(source.client, record.databaseName);
    if (old !== undefined) await setTenantAccess(source.client, databaseOf(record), false);
    await retireDatabase(source.client, databaseOf(record));
    run.point("old copy kept");
    await run.access.withMaster((client) => keepMove(client, move));
  });
  run.point("move settled");
}

/** The same login on the new server, in a new version of the secret. */
async function pointSecret(record: TenantRow, { server }: AdminSession, run: Run): Promise<void> {
  const url = parsePostgresUrl(await secretUrl(record, run));
  const { host, port } = server;
  const { tenantVault } = run.access;
  const marker = markerOf({ stack: record.stack, slug: record.slug, tenantId: record.id });
  await tenantVault.put(record.secretName, formatPostgresUrl({ ...url, host, port }), marker);
}

async function secretUrl(record: TenantRow, run: Run): Promise<string> {
  const found = await run.access.tenantVault.find(record.secretName);
  if (found?.state === "present" && found.tags[MARKER_KEYS.tenantId] === record.id) return found.value;
  throw new UserError(
    "E_SECRET_MISMATCH",
    `Tenant '${record.slug}': the vault has no secret '${record.secretName}' of this tenant; expected the one whose login goes along.`,
    { hint: `\`tenantry up ${record.slug} --refresh\` with the old server in the entry writes it again.` },
  );
}
