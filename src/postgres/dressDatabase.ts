import type { Queryable } from "./connect.ts";
import { ident, literal } from "./quote.ts";
import { isSqlState, SQLSTATE } from "./sqlState.ts";

/** Settings whose value is a list of names (PostgreSQL's GUC_LIST_QUOTE). */
const LISTS: ReadonlySet<string> = new Set([
  "search_path",
  "temp_tablespaces",
  "local_preload_libraries",
  "session_preload_libraries",
]);

/**
 * Gives a database what a dump doesn't carry, as another one has it: settings (`ALTER DATABASE … SET`, also the owner's own there)
 * and the CONNECT and TEMPORARY of other roles than owner and admin. Answers the settings that only a superuser may set.
 */
export async function dressLike(admin: Queryable, fresh: string, model: string): Promise<readonly string[]> {
  const refused = await copySettings(admin, fresh, model);
  const { rows: grants } = await admin.query(
    `SELECT g.rolname AS role, a.privilege_type AS privilege
       FROM pg_database d, aclexplode(d.datacl) a JOIN pg_roles g ON g.oid = a.grantee
      WHERE d.datname = $1::text AND a.grantee <> d.datdba AND g.rolname <> current_user
        AND a.privilege_type IN ('CONNECT', 'TEMPORARY')`,
    [model],
  );
  for (const { role, privilege } of grants)
    await admin.query(`GRANT ${privilege} ON DATABASE ${ident(fresh)} TO ${ident(role)}`);
  return refused;
}

async function copySettings(admin: Queryable, fresh: string, model: string): Promise<readonly string[]> {
  const { rows } = await admin.query(
    `SELECT r.rolname AS role, split_part(item, '=', 1) AS name, substr(item, strpos(item, '=') + 1) AS value
       FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole,
            unnest(s.setconfig) item WHERE d.datname = $1::text AND s.setrole IN (0, d.datdba)`,
    [model],
  );
  const refused: string[] = [];
  for (const { role, name, value } of rows) {
    const whose = role === null ? "DATABASE" : `ROLE ${ident(role)} IN DATABASE`;
    const statement = `ALTER ${whose} ${ident(fresh)} SET ${settingName(name)} = ${settingValue(name, value)}`;
    try {
      await admin.query(statement);
    } catch (error) {
      if (!isSqlState(error, SQLSTATE.INSUFFICIENT_PRIVILEGE)) throw error;
      refused.push(name);
    }
  }
  return refused;
}

/** `search_path`, or `app.tenant`, each part quoted. */
function settingName(name: string): string {
  return name.split(".").map(ident).join(".");
}

/** A list's names one by one: as one text they would be one name. */
function settingValue(name: string, value: string): string {
  if (!LISTS.has(name)) return literal(value);
  const names = value.match(/"(?:[^"]|"")*"|[^,\s]+/g) ?? [""];
  return names.map((each) => literal(each.replace(/^"(.*)"$/s, "$1").replaceAll('""', '"'))).join(", ");
}
