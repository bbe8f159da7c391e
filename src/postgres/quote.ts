import pg from "pg";

/** NAMEDATALEN - 1: a longer identifier is cut silently and may then be somebody else's (F44, finding 7). */
export const MAX_IDENTIFIER_BYTES = 63;

/**
 * Quoted identifier. Throws RangeError when PostgreSQL would truncate or refuse the name
 * (empty, over 63 bytes, NUL), so that no statement ever names another tenant's object.
 */
export function ident(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > MAX_IDENTIFIER_BYTES || name.includes("\0"))
    throw new RangeError(`identifier of ${bytes} bytes; expected 1 to ${MAX_IDENTIFIER_BYTES} without NUL`);
  return pg.escapeIdentifier(name);
}

/** Quoted string constant, for the statements that take no parameters. Throws RangeError on NUL. */
export function literal(text: string): string {
  if (text.includes("\0")) throw new RangeError("a PostgreSQL string can't hold NUL");
  return pg.escapeLiteral(text);
}
