import type { Queryable } from "../postgres/index.ts";
import { readServer, type ServerRow } from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";

export type { ServerRow };

/** A server's row. Throws `E_DB_SERVER_NOT_FOUND` when there is none. */
export async function findServerRow(client: Queryable, name: string): Promise<ServerRow> {
  const row = await readServer(client, name);
  if (row !== undefined) return row;
  throw new UserError("E_DB_SERVER_NOT_FOUND", `server '${name}' is not registered in master.`, {
    hint: "`tenantry up --platform` registers the servers of the environment's config.",
  });
}
