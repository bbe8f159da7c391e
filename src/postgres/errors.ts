import { codeOf, isConnectionLoss, SQLSTATE } from "./sqlState.ts";
import { redact } from "./url.ts";

/** What went wrong in one word; the rooms above turn it into a code of PRODUCT.md. */
export type PostgresProblem =
  | "unreachable"
  | "login-refused"
  | "denied"
  | "no-connection-free"
  | "disk-full"
  | "in-use"
  | "already-there"
  | "missing"
  | "interrupted-drop"
  | "timeout"
  | "collation"
  | "other";

/** A failure of PostgreSQL in words for a person; no password, no URL. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  constructor(
    readonly problem: PostgresProblem,
    message: string,
    /** SQLSTATE or socket code. */
    readonly code: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A database or role of the wanted name exists and bears no marker, or another's (F2). Nothing was changed. */
export class ForeignObjectError extends Error {
  override readonly name = "ForeignObjectError";
  constructor(
    readonly kind: "database" | "role",
    readonly object: string,
    /** The COMMENT found; empty for none. */
    readonly found: string,
    readonly expected: string,
  ) {
    super(
      `${kind} '${object}' exists ${found === "" ? "without a marker" : `with the comment '${found}'`}; expected '${expected}'.`,
    );
  }
}

/** Explains any error of `pg` or of the socket; `where` names server or database without credentials. */
export function explainPostgresError(
  error: unknown,
  where: string,
  secrets: readonly string[] = [],
): PostgresError {
  if (error instanceof PostgresError) return error;
  const code = codeOf(error);
  const words = redact(wordsOf(error), secrets);
  return new PostgresError(problemOf(error, code, words), `${where}: ${words}`, code, {
    cause: redactedCause(error, secrets),
  });
}

const PROBLEMS: Readonly<Record<string, PostgresProblem>> = {
  [SQLSTATE.INVALID_PASSWORD]: "login-refused",
  [SQLSTATE.INVALID_AUTHORIZATION]: "login-refused",
  [SQLSTATE.INSUFFICIENT_PRIVILEGE]: "denied",
  [SQLSTATE.TOO_MANY_CONNECTIONS]: "no-connection-free",
  [SQLSTATE.DISK_FULL]: "disk-full",
  [SQLSTATE.OBJECT_IN_USE]: "in-use",
  [SQLSTATE.DUPLICATE_DATABASE]: "already-there",
  [SQLSTATE.DUPLICATE_OBJECT]: "already-there",
  [SQLSTATE.UNIQUE_VIOLATION]: "already-there",
  [SQLSTATE.INVALID_CATALOG]: "missing",
  [SQLSTATE.UNDEFINED_OBJECT]: "missing",
  [SQLSTATE.QUERY_CANCELED]: "timeout",
  [SQLSTATE.LOCK_NOT_AVAILABLE]: "timeout",
};

function problemOf(error: unknown, code: string | undefined, words: string): PostgresProblem {
  if (/collation version mismatch/.test(words)) return "collation";
  if (/invalid database/.test(words)) return "interrupted-drop";
  if (isConnectionLoss(error)) return "unreachable";
  return (code === undefined ? undefined : PROBLEMS[code]) ?? "other";
}

/** Message with the server's detail and hint; Node's AggregateError has an empty message of its own. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map((inner) => wordsOf(inner)).join("; ");
  const { detail, hint } = error as { detail?: unknown; hint?: unknown };
  return [error.message, detail, hint].filter((part) => typeof part === "string" && part !== "").join(" ");
}

/** The original may repeat a statement; its stack is kept, its text is not. */
function redactedCause(error: unknown, secrets: readonly string[]): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const cause = new Error(redact(error.message, secrets));
  cause.stack = redact(error.stack ?? "", secrets);
  return cause;
}
