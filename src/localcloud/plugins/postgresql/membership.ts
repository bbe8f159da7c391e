import type pg from "pg";
import { ident } from "./names.ts";

const IN_FAILED_TRANSACTION = "25P02";

/**
 * Works as a member of a role, and takes the membership away again if it wasn't there: since PostgreSQL 16 an admin who is
 * no superuser may not act for roles it made until it grants itself the right.
 */
export async function asMemberOf<Result>(
  client: pg.Client,
  role: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (role === undefined || (await isMember(client, role))) return work();
  await client.query(`GRANT ${ident(role)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  try {
    return await work();
  } finally {
    await dropMembership(client, role);
  }
}

/** As {@link asMemberOf}, of several roles at once. */
export function asMemberOfAll<Result>(
  client: pg.Client,
  [role, ...others]: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  if (role === undefined) return work();
  return asMemberOf(client, role, () => asMemberOfAll(client, others, work));
}

async function isMember(client: pg.Client, role: string): Promise<boolean> {
  const { rows } = await client.query<{ is_member: boolean | null }>(
    `SELECT pg_has_role(current_user, oid, 'SET') AND pg_has_role(current_user, oid, 'USAGE') AS is_member
       FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  return rows[0]?.is_member ?? false;
}

/** A dropped role took it along; in a transaction that failed, the rollback takes it away. */
async function dropMembership(client: pg.Client, role: string): Promise<void> {
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
    if (rowCount === 1) await client.query(`REVOKE ${ident(role)} FROM CURRENT_USER`);
  } catch (error) {
    if ((error as { code?: string }).code !== IN_FAILED_TRANSACTION) throw error;
  }
}
