import type { Queryable } from "../postgres/index.ts";
import type { Grant, SequenceState } from "./manifest.ts";

/** A table with data of its own: plain tables and leaves of partitioned ones. */
export interface TableContent {
  /** Quoted and qualified. */
  readonly name: string;
  readonly columns: readonly string[];
}

/** Condition on a namespace `n` that leaves the system's out. */
export const USER_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/** Every table whose rows have to be copied, by name. The session's search_path must be empty. */
export async function listTables(client: Queryable): Promise<readonly TableContent[]> {
  const { rows } = await client.query(
    `SELECT c.oid::regclass::text AS name,
            ARRAY(SELECT quote_ident(attname) FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                   ORDER BY attnum) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND ${USER_SCHEMAS} ORDER BY 1`,
  );
  return rows;
}

/** Where every sequence stands, those of identity columns included, by name. */
export async function listSequences(client: Queryable): Promise<readonly SequenceState[]> {
  const { rows } = await client.query(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND ${USER_SCHEMAS} ORDER BY 1`,
  );
  const states: SequenceState[] = [];
  for (const { name } of rows) {
    const { rows: state } = await client.query(
      `SELECT last_value::text AS "lastValue", is_called AS "isCalled" FROM ${name}`,
    );
    states.push({ name, ...state[0] });
  }
  return states;
}

/** Every privilege on the tenant's objects, default ones included, sorted. */
export async function listGrants(client: Queryable, owner: string): Promise<readonly Grant[]> {
  const { rows } = await client.query(
    `WITH object AS (
       SELECT 'SCHEMA' AS kind, quote_ident(n.nspname) AS object, '' AS "column",
              coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl
         FROM pg_namespace n WHERE ${USER_SCHEMAS}
       UNION ALL
       SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, '',
              coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${USER_SCHEMAS}
       UNION ALL
       SELECT 'COLUMN', c.oid::regclass::text, quote_ident(a.attname), a.attacl
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND ${USER_SCHEMAS}
       UNION ALL
       SELECT 'ROUTINE', p.oid::regprocedure::text, '', coalesce(p.proacl, acldefault('f', p.proowner))
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER_SCHEMAS}
       UNION ALL
       SELECT 'TYPE', format_type(t.oid, NULL), '', coalesce(t.typacl, acldefault('T', t.typowner))
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('e', 'd', 'r') AND ${USER_SCHEMAS}
     )
     SELECT DISTINCT kind, object, "column",
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' WHEN pg_get_userbyid(a.grantee) = $1::text THEN '@owner'
                 ELSE pg_get_userbyid(a.grantee)::text END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS "isGrantable"
       FROM object, aclexplode(acl) a ORDER BY 1, 2, 3, 4, 5, 6`,
    [owner],
  );
  return rows;
}
