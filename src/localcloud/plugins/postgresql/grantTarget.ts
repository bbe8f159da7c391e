import type pg from "pg";
import type { ValueMap } from "../rpc/values.ts";
import { ident } from "./names.ts";

/** What a Grant is about, from its inputs. */
export interface GrantTarget {
  readonly database: string;
  readonly role: string;
  readonly objectType: "database" | "schema" | "sequence" | "table";
  readonly schema: string;
  /** Empty means every object of the type in the schema. */
  readonly objects: readonly string[];
}

export function grantTarget(inputs: ValueMap): GrantTarget {
  return {
    database: String(inputs.database),
    role: String(inputs.role),
    objectType: inputs.objectType as GrantTarget["objectType"],
    schema: typeof inputs.schema === "string" ? inputs.schema : "public",
    objects: Array.isArray(inputs.objects) ? (inputs.objects as readonly string[]) : [],
  };
}

/** `<role>_<database>[_<schema>]_<type>[_<objects>]`, as the official plugin makes it. */
export function grantId({ role, database, objectType, schema, objects }: GrantTarget): string {
  const parts =
    objectType === "database"
      ? [role, database, objectType]
      : [role, database, schema, objectType, ...objects];
  return parts.join("_");
}

/** The `ON …` part of GRANT and REVOKE. */
export function targetSql({ database, objectType, schema, objects }: GrantTarget): string {
  if (objectType === "database") return `DATABASE ${ident(database)}`;
  if (objectType === "schema") return `SCHEMA ${ident(schema)}`;
  const kind = objectType.toUpperCase();
  if (objects.length === 0) return `ALL ${kind}S IN SCHEMA ${ident(schema)}`;
  return `${kind} ${objects.map((name) => `${ident(schema)}.${ident(name)}`).join(", ")}`;
}

/** Owners of the schema and of the tables or sequences in it, who alone may grant on them; none for a database. */
export async function ownersOf(
  client: pg.Client,
  { objectType, schema }: GrantTarget,
): Promise<readonly string[]> {
  if (objectType === "database") return [];
  const { rows } = await client.query<{ owner: string }>(
    `SELECT pg_get_userbyid(nspowner)::text AS owner FROM pg_namespace WHERE nspname = $1
      UNION SELECT pg_get_userbyid(c.relowner)::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND $2 <> 'schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1`,
    [schema, objectType],
  );
  return rows.map(({ owner }) => owner).filter((owner) => owner !== "pg_database_owner");
}

/** Privileges the role really has; undefined when database, role, schema or objects are gone. */
export async function observePrivileges(
  client: pg.Client,
  target: GrantTarget,
): Promise<readonly string[] | undefined> {
  const isPublic = target.role.toLowerCase() === "public";
  const role = await client.query<{ oid: string }>("SELECT oid FROM pg_roles WHERE rolname = $1", [
    target.role,
  ]);
  const oid = isPublic ? "0" : role.rows[0]?.oid;
  if (oid === undefined) return undefined;
  const { rows } = await client.query<{ privileges: readonly string[] }>(
    aclQuery(target),
    aclParameters(target, oid),
  );
  const [first, ...others] = rows.map(({ privileges }) => privileges);
  return first?.filter((privilege) => others.every((each) => each.includes(privilege)));
}

const ACL = {
  database: ["pg_database", "datname", "datacl", "d", "datdba"],
  schema: ["pg_namespace", "nspname", "nspacl", "n", "nspowner"],
} as const;

function aclQuery({ objectType, objects }: GrantTarget): string {
  const mine =
    "ARRAY(SELECT a.privilege_type::text FROM aclexplode(coalesce(ACL, acldefault('KIND', OWNER))) a WHERE a.grantee = $1::oid ORDER BY 1) AS privileges";
  if (objectType === "database" || objectType === "schema") {
    const [table, name, acl, kind, owner] = ACL[objectType];
    return `SELECT ${mine.replace("ACL", acl).replace("KIND", kind).replace("OWNER", owner)} FROM ${table} WHERE ${name} = $2`;
  }
  const [kind, relkinds] = objectType === "table" ? ["r", "'r','p','v','m','f'"] : ["s", "'S'"];
  const listed = objects.length === 0 ? "" : " AND c.relname = ANY ($3)";
  return `SELECT ${mine
    .replace("ACL", "c.relacl")
    .replace("KIND", kind ?? "")
    .replace("OWNER", "c.relowner")}
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = $2 AND c.relkind IN (${relkinds})${listed}`;
}

function aclParameters({ objectType, database, schema, objects }: GrantTarget, oid: string): unknown[] {
  if (objectType === "database") return [oid, database];
  return objects.length === 0 || objectType === "schema" ? [oid, schema] : [oid, schema, objects];
}
