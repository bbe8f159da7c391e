import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { previewPlacement, readRecord, type TenantRow } from "../registry/index.ts";
import { setEntryServer } from "../tenant/editEntry.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath } from "../tenant/load.ts";
import { loadTenant } from "../tenant/select.ts";
import { applyStack } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { missingRecord } from "./missingRecord.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** What came of {@link move}. */
export interface Moved {
  readonly slug: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Moves a tenant to another server: its entry's `server` is set, and the stack's own run does it. Cut off anywhere, the same again
 * (or `up`) finishes it; back to the old server undoes what hadn't happened. Throws `E_NO_CAPACITY` and `E_DB_SERVER_NOT_FOUND`
 * before anything is touched; when the copy fails the tenant is where it was, and its entry says what it said.
 */
export async function move(context: OperationContext, slug: string, to: string): Promise<Moved> {
  return withTenantHeld(context, slug, async (hold) => {
    const { region } = loadTenant(context.root, slug, context.config);
    const record = await context.access.withMaster(async (client) => {
      const found = await readRecord(client, slug);
      if (found === undefined) throw missingRecord(slug);
      await previewPlacement(client, slug, { server: to, region });
      return found;
    });
    assertMovable(record);
    const path = join(context.root, entryPath(slug));
    const before = readFileSync(path, "utf8");
    const after = setEntryServer(before, entryPath(slug), context.environment, to);
    if (after !== before) {
      writeFileSync(path, after);
      context.note(`${entryPath(slug)} edited: server '${to}'`);
    }
    context.point("move:edited");
    try {
      // Looked at first: a move that was cut off is half of what the entry says now, or of what it said.
      await applyStack(context, slug, hold, { shouldRefresh: true });
    } catch (error) {
      const now = await context.access.withMaster((client) => readRecord(client, slug));
      if (error instanceof UserError && now?.server === record.server) writeFileSync(path, before);
      throw error;
    }
    context.point("move:applied");
    return { slug, from: record.server ?? "", to };
  });
}

function assertMovable({ slug, status }: TenantRow): void {
  if (status !== "purging") return;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' is 'purging'; expected a living one to move.`,
  );
}
