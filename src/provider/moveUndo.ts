import {
  dropRole,
  dropUnfinishedCopy,
  observeDatabase,
  setReadOnly,
  setTenantAccess,
} from "../postgres/index.ts";
import { endMove, type MoveRow, type TenantRow, unfinishedMoves } from "../registry/index.ts";
import { databaseOf, isOpenStatus, withBothServers } from "./moveEnds.ts";
import type { Run } from "./run.ts";

/** A move that did not get to its switch did not happen: the old one is open again, and nothing is left on the target. */
export async function undoMove(record: TenantRow, move: MoveRow, run: Run): Promise<void> {
  const place = databaseOf(record);
  const keepsCopy = (await run.access.withMaster((client) => unfinishedMoves(client, record.id))).some(
    ({ state, from }) => state === "kept" && from === move.to,
  );
  await withBothServers(move, record.slug, run, async (source, target) => {
    if ((await observeDatabase(source.client, place.database)) !== undefined) {
      await setReadOnly(source.client, place, false);
      await setTenantAccess(source.client, place, isOpenStatus(record.status));
    }
    run.point("source open again");
    await dropUnfinishedCopy(target.client, place);
    // An earlier move's copy on that server stays for its time, and with it the role that owns it.
    if (keepsCopy) return;
    await dropRole(target.client, target.url, place.role, place.marker, target.options);
  });
  await run.access.withMaster((client) => endMove(client, move, "undone"));
  await run.log(`tenant '${record.slug}' stays on '${move.from}': its move to '${move.to}' is undone`);
}
