import { type Client, ident } from "../postgres/index.ts";

/** What would judge or change rows while they are loaded, and how to bring it back. */
export interface Suspended {
  readonly foreignKeys: readonly ForeignKey[];
  readonly triggers: readonly Trigger[];
  /** Filled materialized views, in the order they were made. */
  readonly materializedViews: readonly string[];
}

interface ForeignKey {
  /** Quoted and qualified. */
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
}

interface Trigger {
  readonly table: string;
  readonly name: string;
  /** pg_trigger.tgenabled. */
  readonly mode: "O" | "A" | "R";
}

const ENABLE: Readonly<Record<Trigger["mode"], string>> = {
  O: "ENABLE",
  A: "ENABLE ALWAYS",
  R: "ENABLE REPLICA",
};

/**
 * Drops the foreign keys and disables the triggers of a database whose search_path is empty. Only a superuser may
 * disable the triggers of foreign keys; dropped and made again they are also checked against the loaded rows.
 */
export async function suspendConstraints(client: Client): Promise<Suspended> {
  const { rows: foreignKeys } = await client.query<ForeignKey>(
    `SELECT conrelid::regclass::text AS "table", conname AS name, pg_get_constraintdef(oid) AS definition,
            obj_description(oid, 'pg_constraint') AS comment
       FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY oid`,
  );
  const { rows: triggers } = await client.query<Trigger>(
    `SELECT tgrelid::regclass::text AS "table", tgname AS name, tgenabled AS mode
       FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgparentid = 0 ORDER BY oid`,
  );
  const { rows: views } = await client.query<{ name: string }>(
    "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY oid",
  );
  for (const { table, name } of foreignKeys)
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${ident(name)}`);
  for (const { table, name } of triggers)
    await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ${ident(name)}`);
  return { foreignKeys, triggers, materializedViews: views.map((view) => view.name) };
}

/** Brings back what `suspendConstraints` took away. */
export async function resumeConstraints(client: Client, suspended: Suspended): Promise<void> {
  for (const { table, name, definition, comment } of suspended.foreignKeys) {
    await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${ident(name)} ${definition}`);
    if (comment !== null) await commentConstraint(client, table, name, comment);
  }
  for (const { table, name, mode } of suspended.triggers)
    await client.query(`ALTER TABLE ${table} ${ENABLE[mode]} TRIGGER ${ident(name)}`);
  for (const view of suspended.materializedViews) await client.query(`REFRESH MATERIALIZED VIEW ${view}`);
}

async function commentConstraint(
  client: Client,
  table: string,
  name: string,
  comment: string,
): Promise<void> {
  const { rows } = await client.query("SELECT quote_literal($1) AS text", [comment]);
  await client.query(`COMMENT ON CONSTRAINT ${ident(name)} ON ${table} IS ${rows[0].text}`);
}
