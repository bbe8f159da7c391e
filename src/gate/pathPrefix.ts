/** Segments and characters that a path prefix may have; the entry's validator allows no more. */
export const MAX_PREFIX_SEGMENTS = 4;
const MAX_PREFIX_LENGTH = 100;
/** A segment of a prefix: lower case, so that it is one text for every server behind the gate. */
const SEGMENT = /^[a-z0-9][a-z0-9_-]*$/;
/**
 * What some servers read as another path: encoded slashes and dots, backslashes, empty segments, `.` and `..` (also with
 * parameters, `..;x`), control characters. Such a path fits no prefix.
 */
const AMBIGUOUS = /\\|%2f|%5c|%2e|%00|\/\/|\/\.\.?(?:[/;]|$)|[^\x21-\x7e]|#/i;

/**
 * Prefixes that would fit a path, the longest first: `/t/acme/x` → `/t/acme/x`, `/t/acme`, `/t`. Whole segments only:
 * `/t/acmeX` doesn't begin with `/t/acme`. Empty for a path that two servers could read as two.
 */
export function prefixesOf(path: string): readonly string[] {
  if (!path.startsWith("/") || AMBIGUOUS.test(path)) return [];
  const prefixes: string[] = [];
  let prefix = "";
  for (const segment of path.slice(1).split("/").slice(0, MAX_PREFIX_SEGMENTS)) {
    prefix = `${prefix}/${segment}`;
    if (!SEGMENT.test(segment) || prefix.length > MAX_PREFIX_LENGTH) break;
    prefixes.unshift(prefix);
  }
  return prefixes;
}
