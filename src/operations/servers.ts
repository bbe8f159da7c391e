import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendAudit, listServers, type ServerRow } from "../registry/index.ts";
import type { JsonValue } from "../tenant/desired.ts";
import {
  addServer as addServerText,
  type NewServer,
  readServerFields,
  type ServerField,
  setServerField,
} from "../tenant/editServers.ts";
import { UserError } from "../tenant/errors.ts";
import { stackFilePath } from "../tenant/load.ts";
import { applyPlatform } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { withPlatformHeld } from "./tenantHeld.ts";

/** A server, what is placed on it and what is connected. */
export interface ServerUse extends ServerRow {
  /** Client connections that are open now; null where the server can't be asked. */
  readonly connectionsInUse: number | null;
  /** `max_connections` of the running server; null where it can't be asked. */
  readonly connectionLimit: number | null;
  /** Why it can't be asked; no credential in it. */
  readonly problem?: string;
}

/** What came of {@link setServer} and {@link addServer}. */
export interface ChangedServer {
  readonly name: string;
  /** Resources of the platform's stack that changed. */
  readonly changes: number;
}

/** Every server of master, by name, and how many sessions it has. One that can't be reached says so and hides no other. */
export async function listServerUse(context: OperationContext): Promise<readonly ServerUse[]> {
  const rows = await context.access.withMaster((client) => listServers(client));
  return Promise.all(rows.map((row) => askServer(row, context)));
}

/**
 * Sets fields of a server in the environment's config, comments and order kept, and applies the platform. Throws
 * `E_DB_SERVER_NOT_FOUND`, and what is wrong with the new config: then nothing is written.
 */
export async function setServer(
  context: OperationContext,
  name: string,
  fields: Partial<Record<ServerField, string | number>>,
): Promise<ChangedServer> {
  return withPlatformHeld(context, async (hold) => {
    const given = Object.entries(fields) as [ServerField, string | number][];
    editConfig(context, (text, file) =>
      given.reduce((edited, [field, value]) => setServerField(edited, file, name, field, value), text),
    );
    context.point("servers:edited");
    const { changes } = await applyPlatform(context, hold);
    context.point("servers:applied");
    if (changes.length > 0) await audit(context, "SERVER_CHANGED", { server: name, ...fields });
    return { name, changes: changes.length };
  });
}

/** Adds a server to the environment's config and applies the platform. The same again is no second one. */
export async function addServer(context: OperationContext, server: NewServer): Promise<ChangedServer> {
  return withPlatformHeld(context, async (hold) => {
    editConfig(context, (text, file) => {
      const found = readServerFields(text, file, server.name);
      if (found === undefined) return addServerText(text, file, server);
      if (JSON.stringify(found) === JSON.stringify(server)) return text;
      throw new UserError(
        "E_ALREADY_PROVISIONED",
        `${file}: server '${server.name}' is there with other values; expected a new name. Nothing was touched.`,
        { hint: "`tenantry servers set` changes one." },
      );
    });
    context.point("servers:edited");
    const { changes } = await applyPlatform(context, hold);
    context.point("servers:applied");
    if (changes.length > 0) await audit(context, "SERVER_ADDED", { server: server.name });
    return { name: server.name, changes: changes.length };
  });
}

/** Writes the environment's config anew where the edit changes it. */
export function editConfig(
  { root, environment, note }: OperationContext,
  edit: (text: string, file: string) => string,
): void {
  const file = stackFilePath(environment);
  const text = readFileSync(join(root, file), "utf8");
  const edited = edit(text, file);
  if (edited === text) return;
  writeFileSync(join(root, file), edited);
  note(`${file} edited`);
}

async function audit(
  { access, run }: OperationContext,
  event: "SERVER_ADDED" | "SERVER_CHANGED",
  details: Readonly<Record<string, JsonValue>>,
): Promise<void> {
  await access.withMaster((client) =>
    appendAudit(client, { tenantId: null, slug: "platform" }, event, run, details),
  );
}

async function askServer(row: ServerRow, { access }: OperationContext): Promise<ServerUse> {
  try {
    return await access.withAdmin(row.name, async ({ client }) => {
      const { rows } = await client.query<{ used: number; most: number }>(
        `SELECT count(*)::int AS used, current_setting('max_connections')::int AS most
           FROM pg_stat_activity WHERE backend_type = 'client backend'`,
      );
      return { ...row, connectionsInUse: rows[0]?.used ?? 0, connectionLimit: rows[0]?.most ?? 0 };
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...row, connectionsInUse: null, connectionLimit: null, problem: error.message };
  }
}
