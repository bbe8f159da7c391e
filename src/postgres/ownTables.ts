import type { Queryable } from "./connect.ts";
import { ident } from "./quote.ts";
import { type TransactionOptions, withTransaction } from "./transaction.ts";

/** Schema of ours in every tenant's database and in master. */
const SCHEMA = "tenantry";

/** Longest wait for a transaction of the application's that holds one of our tables. */
const LOCK_TIMEOUT_MS = 10_000;

/** Every table of schema tenantry, in the order in which they are made. */
export const OWN_TABLES = [
  "migration",
  "setting",
  "admin",
  "invitation",
  "role",
  "role_permission",
  "user_group",
  "group_role",
  "group_member",
  "api_scope",
  "api_resource",
  "identity_resource",
  "identity_provider",
  "application",
  "connection",
  "api_key",
  "operator",
] as const;

export type OwnTable = (typeof OWN_TABLES)[number];

/**
 * A table of schema tenantry is not as we made it. It belongs to the tenant, so whoever has the tenant's password could
 * make it a view or give it a trigger, whose code would then run in the admin's session.
 */
export class TamperedSchemaError extends Error {
  override readonly name = "TamperedSchemaError";
  constructor(table: string, problem: string) {
    super(`table '${SCHEMA}.${table}' ${problem}; expected it as tenantry made it`);
  }
}

/**
 * Runs `body` in a transaction in which these tables are plain tables without foreign code, and stay so: locked, checked,
 * and with a search_path that finds no function of the tenant's. Throws TamperedSchemaError.
 */
export async function withOwnTables<T>(
  client: Queryable,
  tables: readonly OwnTable[],
  use: "read" | "write",
  body: () => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const guarded = async () => {
    await lockOwnTables(client, tables, use);
    return body();
  };
  const settings = `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`;
  return withTransaction(client, guarded, { ...options, settings });
}

/**
 * Locks and checks the tables in the caller's transaction: readers may go on, and with `write` nobody else writes. Tables
 * that aren't there are passed over.
 */
export async function lockOwnTables(
  client: Queryable,
  tables: readonly OwnTable[],
  use: "read" | "write",
): Promise<void> {
  const names = await existing(client, tables);
  if (names.length === 0) return;
  const mode = use === "read" ? "ACCESS SHARE" : "SHARE ROW EXCLUSIVE";
  const list = names.map((name) => `${SCHEMA}.${ident(name)}`).join(", ");
  await client.query(`LOCK TABLE ${list} IN ${mode} MODE`);
  const { rows } = await client.query(PROBLEMS, [SCHEMA, names]);
  if (rows.length > 0) throw new TamperedSchemaError(rows[0].name, rows[0].problem);
}

async function existing(client: Queryable, tables: readonly OwnTable[]): Promise<readonly string[]> {
  const { rows } = await client.query(
    `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      WHERE n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text
        AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[]) ORDER BY 1`,
    [SCHEMA, tables],
  );
  return rows.map((row) => row.relname);
}

/** Everything by which reading or writing a table can call code that isn't PostgreSQL's own (whose oids are below 16384). */
const PROBLEMS = `
SELECT name, problem FROM (
  SELECT c.relname AS name,
    CASE
      WHEN c.relkind <> 'r' THEN 'is no plain table'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) THEN 'has child tables'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid) THEN 'has a rule'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) THEN 'has a trigger'
      WHEN c.relrowsecurity THEN 'has row security'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.atttypid >= 16384)
        THEN 'has a column of a type that is not built in'
      WHEN EXISTS (
        SELECT FROM pg_catalog.pg_depend d
         WHERE d.refobjid >= 16384
           AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
                                'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_cast'::pg_catalog.regclass)
           AND d.objid IN (SELECT oid FROM pg_catalog.pg_attrdef WHERE adrelid = c.oid
                           UNION ALL SELECT oid FROM pg_catalog.pg_constraint WHERE conrelid = c.oid
                           UNION ALL SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = c.oid))
        THEN 'has an expression that calls a function of its own'
    END AS problem
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname::text = $1::text AND c.relname::text = ANY ($2::text[])
) found WHERE problem IS NOT NULL ORDER BY 1`;
