import type { Client } from "./connect.ts";
import { ident } from "./quote.ts";
import { withTransaction } from "./transaction.ts";

/** Keyword of ALTER DEFAULT PRIVILEGES for pg_default_acl.defaclobjtype. */
const OBJECTS: Readonly<Record<string, string>> = {
  r: "TABLES",
  S: "SEQUENCES",
  f: "FUNCTIONS",
  T: "TYPES",
  n: "SCHEMAS",
};

/**
 * Everything in the connected database that is `from`'s becomes `to`'s, in one transaction: objects, default privileges
 * and the roles of policies; REASSIGN OWNED does only the first. Throws when something is left that names `from`.
 */
export async function reassignDatabase(client: Client, from: string, to: string): Promise<void> {
  await withTransaction(client, async () => {
    await moveDefaultPrivileges(client, from, to);
    await movePolicies(client, from, to);
    await moveSchemas(client, from, to);
    await client.query(`REASSIGN OWNED BY ${ident(from)} TO ${ident(to)}`);
    await assertNothingLeft(client, from);
  });
}

/** Schemas first: for an admin that is no superuser, a function's new owner must be allowed to create in its schema. */
async function moveSchemas(client: Client, from: string, to: string): Promise<void> {
  const { rows } = await client.query(
    "SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) = $1::text",
    [from],
  );
  for (const { nspname } of rows) await client.query(`ALTER SCHEMA ${ident(nspname)} OWNER TO ${ident(to)}`);
}

interface DefaultPrivileges {
  /** Empty for those of the whole database, whose list is complete; a schema's only adds. */
  readonly schema: string;
  readonly objects: string;
  readonly grants: readonly {
    readonly grantee: string;
    readonly privilege: string;
    readonly isGrantable: boolean;
  }[];
}

async function moveDefaultPrivileges(client: Client, from: string, to: string): Promise<void> {
  const { rows } = await client.query<DefaultPrivileges>(
    `SELECT coalesce(n.nspname, '') AS schema, d.defaclobjtype AS objects,
            (SELECT coalesce(json_agg(json_build_object('isGrantable', a.is_grantable, 'privilege', a.privilege_type,
                      'grantee', CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END)), '[]')
               FROM aclexplode(d.defaclacl) a) AS grants
       FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
      WHERE pg_get_userbyid(d.defaclrole) = $1::text`,
    [from],
  );
  for (const entry of rows) {
    for (const statement of defaultPrivilegeStatements(entry, from, to)) await client.query(statement);
  }
}

function defaultPrivilegeStatements(
  { schema, objects, grants }: DefaultPrivileges,
  from: string,
  to: string,
): readonly string[] {
  const where = schema === "" ? "" : ` IN SCHEMA ${ident(schema)}`;
  const alter = (role: string) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${ident(role)}${where}`;
  const nameOf = (grantee: string, role: string) =>
    grantee === "" ? "PUBLIC" : ident(grantee === from ? role : grantee);
  const on = `ON ${OBJECTS[objects]}`;
  const grantees = [...new Set(grants.map(({ grantee }) => grantee))];
  return [
    ...(schema === "" ? [`${alter(to)} REVOKE ALL ${on} FROM PUBLIC, ${ident(to)}`] : []),
    ...grants.map(
      ({ grantee, privilege, isGrantable }) =>
        `${alter(to)} GRANT ${privilege} ${on} TO ${nameOf(grantee, to)}${isGrantable ? " WITH GRANT OPTION" : ""}`,
    ),
    // Back to the built-in default, which PostgreSQL keeps no row for.
    ...grantees.map((grantee) => `${alter(from)} REVOKE ALL ${on} FROM ${nameOf(grantee, from)}`),
    ...(schema === "" ? builtInDefault(objects, alter(from), on, from) : []),
  ];
}

function builtInDefault(objects: string, alter: string, on: string, owner: string): readonly string[] {
  const publics: Readonly<Record<string, string>> = { f: "EXECUTE", T: "USAGE" };
  const toPublic = publics[objects];
  return [
    `${alter} GRANT ALL ${on} TO ${ident(owner)}`,
    ...(toPublic === undefined ? [] : [`${alter} GRANT ${toPublic} ${on} TO PUBLIC`]),
  ];
}

async function movePolicies(client: Client, from: string, to: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT p.polname AS name, n.nspname AS schema, c.relname AS "table",
            ARRAY(SELECT pg_get_userbyid(r)::text FROM unnest(p.polroles) r) AS roles
       FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (SELECT oid FROM pg_roles WHERE rolname = $1::text) = ANY (p.polroles)`,
    [from],
  );
  for (const { name, schema, table, roles } of rows) {
    const names = roles.map((role: string) => ident(role === from ? to : role)).join(", ");
    await client.query(`ALTER POLICY ${ident(name)} ON ${ident(schema)}.${ident(table)} TO ${names}`);
  }
}

async function assertNothingLeft(client: Client, from: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT pg_describe_object(classid, objid, objsubid) AS what FROM pg_shdepend
      WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1::text)
        AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
    [from],
  );
  if (rows.length > 0)
    throw new Error(`'${rows[0].what}' still names role '${from}' after it was reassigned`);
}
