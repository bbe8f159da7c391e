import {
  dropRole,
  dropTenantDatabase,
  observeDatabase,
  observeRole,
  ownershipOf,
  tenantLockKey,
  withAdvisoryLock,
  workDatabaseName,
} from "../postgres/index.ts";
import { endMove, type MoveRow, unfinishedMoves } from "../registry/index.ts";
import { markerFor } from "./markerFor.ts";
import type { Finding, Subject } from "./reality.ts";
import { NO_TENANT_ID } from "./records.ts";
import type { Run } from "./run.ts";

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;

/** What moves have left of the tenant on servers where it isn't any more, or isn't yet: always ours, told by its marker. */
export async function findCopies(subject: Subject, run: Run): Promise<readonly Finding[]> {
  if (subject.tenantId === NO_TENANT_ID) return [];
  const read = run.isPreview ? run.access.withMasterReader : run.access.withMaster;
  const moves = await read((client) => unfinishedMoves(client, subject.tenantId));
  const found = await Promise.all(moves.map((move) => findCopy(subject, move, run)));
  return found.flat();
}

async function findCopy(subject: Subject, move: MoveRow, run: Run): Promise<readonly Finding[]> {
  const server = otherServer(subject, move);
  if (server === undefined) return [];
  const marker = markerFor(subject);
  const names = [subject.database, workDatabaseName("moved", subject.tenantId)];
  const ours = await run.access.withAdmin(server, async ({ client }) => {
    const databases = await Promise.all(names.map((name) => observeDatabase(client, name)));
    const role = await observeRole(client, subject.role);
    const all = [...databases, role].filter((each) => each !== undefined);
    return all.filter(({ comment }) => ownershipOf(comment, marker) === "ours").map(({ name }) => name);
  });
  if (ours.length === 0) return [];
  const what = `copy of a move on '${server}' (${ours.join(", ")})`;
  const remove = () => dropCopy(subject, move, server, run);
  return [{ place: "database", what, isOurs: true, remove }];
}

/** The end of the move where the tenant isn't. */
function otherServer({ server }: Subject, { from, to, state }: MoveRow): string | undefined {
  const other = state === "copying" ? to : from;
  return other === server ? undefined : other;
}

async function dropCopy(subject: Subject, move: MoveRow, server: string, run: Run): Promise<void> {
  const wanted = { database: subject.database, role: subject.role, marker: markerFor(subject) };
  await run.access.withAdmin(server, ({ client, url, options }) =>
    withAdvisoryLock(
      client,
      tenantLockKey(subject.slug),
      async () => {
        await dropTenantDatabase(client, wanted);
        await dropRole(client, url, wanted.role, wanted.marker, options);
      },
      { waitMs: LOCK_WAIT_MS },
    ),
  );
  await run.access.withMaster((client) => endMove(client, move, "dropped"));
}
