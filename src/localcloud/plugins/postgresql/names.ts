import pg from "pg";

const MAX_NAME_BYTES = 63;

/** A quoted identifier. Throws for what PostgreSQL would cut silently. */
export function ident(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES)
    throw new Error(`the name '${name}' has ${bytes} bytes; PostgreSQL takes ${MAX_NAME_BYTES}`);
  return pg.escapeIdentifier(name);
}

/** A quoted literal, for statements that take no parameters. */
export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** A grantee: `public` is every role, anything else a quoted name. */
export function grantee(role: string): string {
  return role.toLowerCase() === "public" ? "PUBLIC" : ident(role);
}
