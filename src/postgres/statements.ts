/** One statement of a SQL file. */
export interface Statement {
  /** Without the closing semicolon; comments before it included. */
  readonly sql: string;
  /** Line, counted from 1, of the first character that is neither blank nor comment. */
  readonly line: number;
  /** Line of the first character of `sql`. */
  readonly firstLine: number;
  /** The statement's words outside of quotes, upper case, as far as needed to know what it is. */
  readonly words: readonly string[];
}

/** Enough to tell CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS from the rest. */
const KEPT_WORDS = 8;

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;

/**
 * Splits a SQL file as psql does: not at semicolons inside quotes, dollar quotes, comments, parentheses
 * or a `BEGIN ATOMIC … END` body. Statements of only blanks and comments are left out.
 */
export function splitStatements(sql: string): readonly Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  while (start < sql.length) {
    const { end, words, first } = scanStatement(sql, start);
    if (first !== undefined)
      statements.push({
        sql: sql.slice(start, end),
        line: lineAt(sql, first),
        firstLine: lineAt(sql, start),
        words,
      });
    start = end + 1;
  }
  return statements;
}

/** Line, counted from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

interface Scan {
  /** Offset of the closing semicolon, or of the end of the text. */
  readonly end: number;
  readonly words: readonly string[];
  /** Offset of the first character that is neither blank nor comment. */
  readonly first: number | undefined;
}

function scanStatement(sql: string, start: number): Scan {
  const words: string[] = [];
  let first: number | undefined;
  let parentheses = 0;
  let atomic = 0;
  let last = "";
  let at = start;
  while (at < sql.length) {
    const skipped = endOfBlankOrComment(sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const character = sql[at] as string;
    if (character === ";" && parentheses <= 0 && atomic === 0) break;
    first ??= at;
    const quoted = endOfQuoted(sql, at);
    const word = quoted > at ? "" : wordAt(sql, at);
    if (word !== "") {
      atomic = atomicDepth(atomic, last, word);
      if (words.length < KEPT_WORDS) words.push(word);
      last = word;
    } else parentheses += Number(character === "(") - Number(character === ")");
    at = Math.max(quoted, at + Math.max(word.length, 1));
  }
  return { end: at, words, first };
}

/** Depth of `BEGIN ATOMIC` and of `CASE` inside it; 0 outside of such a body. */
function atomicDepth(depth: number, last: string, word: string): number {
  if (last === "BEGIN" && word === "ATOMIC") return 1;
  if (depth > 0 && word === "CASE") return depth + 1;
  if (depth > 0 && word === "END") return depth - 1;
  return depth;
}

function wordAt(sql: string, at: number): string {
  WORD.lastIndex = at;
  return (WORD.exec(sql)?.[0] ?? "").toUpperCase();
}

function endOfBlankOrComment(sql: string, at: number): number {
  if (/\s/.test(sql[at] as string)) return at + 1;
  if (sql.startsWith("--", at)) return endOf(sql, "\n", at);
  return sql.startsWith("/*", at) ? endOfBlockComment(sql, at) : at;
}

/** Block comments nest in PostgreSQL. */
function endOfBlockComment(sql: string, at: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at;
  for (let depth = 0; ; ) {
    const match = edge.exec(sql);
    if (match === null) return sql.length;
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
}

function endOfQuoted(sql: string, at: number): number {
  const character = sql[at];
  if (character === '"') return endOfDoubled(sql, '"', at + 1);
  if (character === "'") return endOfDoubled(sql, "'", at + 1);
  if (/^[eE]'/.test(sql.slice(at, at + 2)) && !isInWord(sql, at)) return endOfEscaped(sql, at + 2);
  if (character === "$" && !isInWord(sql, at)) return endOfDollarQuote(sql, at);
  return at;
}

function endOfDoubled(sql: string, quote: string, from: number): number {
  let at = endOf(sql, quote, from);
  while (sql[at] === quote) at = endOf(sql, quote, at + 1);
  return at;
}

function endOfEscaped(sql: string, from: number): number {
  const end = /(?:[^'\\]|\\[\s\S]|'')*'/y;
  end.lastIndex = from;
  return end.test(sql) ? end.lastIndex : sql.length;
}

function endOfDollarQuote(sql: string, at: number): number {
  const open = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
  open.lastIndex = at;
  const tag = open.exec(sql)?.[0];
  return tag === undefined ? at : endOf(sql, tag, at + tag.length);
}

function isInWord(sql: string, at: number): boolean {
  return at > 0 && /[A-Za-z0-9_$\u0080-\uffff]/.test(sql[at - 1] as string);
}

function endOf(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found === -1 ? sql.length : found + mark.length;
}
