import { type Client, ident } from "../postgres/index.ts";
import type { Grant } from "./manifest.ts";

/** Makes the privileges those of the snapshot: what is missing is granted, what is too much is revoked. As the owner. */
export async function restoreGrants(
  client: Client,
  owner: string,
  wanted: readonly Grant[],
  found: readonly Grant[],
): Promise<void> {
  for (const grant of without(found, wanted)) await client.query(revokeStatement(grant, owner));
  for (const grant of without(wanted, found)) await client.query(grantStatement(grant, owner));
}

/** `GRANT … ON … TO …`; names of objects come quoted from the catalog. Pure. */
export function grantStatement(grant: Grant, owner: string): string {
  const option = grant.isGrantable ? " WITH GRANT OPTION" : "";
  return `GRANT ${privilegeOf(grant)} ON ${targetOf(grant)} TO ${granteeOf(grant, owner)}${option}`;
}

function revokeStatement(grant: Grant, owner: string): string {
  return `REVOKE ${privilegeOf(grant)} ON ${targetOf(grant)} FROM ${granteeOf(grant, owner)} CASCADE`;
}

function without(grants: readonly Grant[], others: readonly Grant[]): readonly Grant[] {
  const known = new Set(others.map(keyOf));
  return grants.filter((grant) => !known.has(keyOf(grant)));
}

function keyOf(grant: Grant): string {
  return JSON.stringify([
    grant.kind,
    grant.object,
    grant.column,
    grant.grantee,
    grant.privilege,
    grant.isGrantable,
  ]);
}

function privilegeOf({ privilege, column }: Grant): string {
  return column === "" ? privilege : `${privilege} (${column})`;
}

function targetOf({ kind, object }: Grant): string {
  return `${kind === "COLUMN" ? "TABLE" : kind} ${object}`;
}

function granteeOf({ grantee }: Grant, owner: string): string {
  if (grantee === "PUBLIC") return "PUBLIC";
  return ident(grantee === "@owner" ? owner : grantee);
}
