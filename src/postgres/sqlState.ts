/** SQLSTATEs this product acts on. Source: PostgreSQL's errcodes appendix. */
export const SQLSTATE = {
  PROTOCOL_VIOLATION: "08P01",
  UNIQUE_VIOLATION: "23505",
  ACTIVE_TRANSACTION: "25001",
  INVALID_AUTHORIZATION: "28000",
  INVALID_PASSWORD: "28P01",
  DEPENDENT_OBJECTS: "2BP01",
  INVALID_CATALOG: "3D000",
  DEADLOCK: "40P01",
  INSUFFICIENT_PRIVILEGE: "42501",
  SYNTAX_ERROR: "42601",
  UNDEFINED_OBJECT: "42704",
  DUPLICATE_OBJECT: "42710",
  RESERVED_NAME: "42939",
  DUPLICATE_DATABASE: "42P04",
  UNDEFINED_TABLE: "42P01",
  DISK_FULL: "53100",
  TOO_MANY_CONNECTIONS: "53300",
  NOT_IN_PREREQUISITE_STATE: "55000",
  OBJECT_IN_USE: "55006",
  LOCK_NOT_AVAILABLE: "55P03",
  QUERY_CANCELED: "57014",
  ADMIN_SHUTDOWN: "57P01",
  CRASH_SHUTDOWN: "57P02",
  CANNOT_CONNECT_NOW: "57P03",
  INTERNAL_ERROR: "XX000",
} as const;

/** Node's socket codes that mean "the server is not there right now". */
const SOCKET_CODES: readonly string[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
];

const TRANSIENT: readonly string[] = [
  SQLSTATE.TOO_MANY_CONNECTIONS,
  SQLSTATE.CANNOT_CONNECT_NOW,
  SQLSTATE.ADMIN_SHUTDOWN,
  SQLSTATE.CRASH_SHUTDOWN,
  SQLSTATE.DEADLOCK,
  SQLSTATE.LOCK_NOT_AVAILABLE,
  SQLSTATE.OBJECT_IN_USE,
];

/** What pg says, without a code, when the server closed the socket under it. */
const CUT_MESSAGE =
  /Connection terminated|connection timeout|timeout expired|not queryable|Client has encountered a connection error/i;

/** SQLSTATE or socket code of anything thrown, also of Node's AggregateError; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined ? undefined : codeOf(cause);
}

/** True for one SQLSTATE of a thrown error. */
export function isSqlState(error: unknown, ...states: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && states.includes(code);
}

/** True when the server could not be reached or went away: the outcome of what was running is unknown. */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && (SOCKET_CODES.includes(code) || /^08/.test(code) || /^57P0[123]$/.test(code)))
    return true;
  return code === undefined && error instanceof Error && CUT_MESSAGE.test(error.message);
}

/** True for "it is there already": the catalog has to be read again (a lost race gives 23505, not 42P04: F5). */
export function isAlreadyThere(error: unknown): boolean {
  return isSqlState(error, SQLSTATE.UNIQUE_VIOLATION, SQLSTATE.DUPLICATE_DATABASE, SQLSTATE.DUPLICATE_OBJECT);
}

/** The retry table (FAULTS section 6.3): true when the same statement may succeed later and has had no effect, or is idempotent. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && TRANSIENT.includes(code)) return true;
  return isConnectionLoss(error) || isConcurrentUpdate(error);
}

/** GRANT and REVOKE on one database from two sessions (F20). */
export function isConcurrentUpdate(error: unknown): boolean {
  return (
    isSqlState(error, SQLSTATE.INTERNAL_ERROR) &&
    error instanceof Error &&
    /tuple concurrently (updated|deleted)/.test(error.message)
  );
}

/** 42501 that only a session of somebody else causes while a database is dropped; the one 42501 worth waiting for. */
export function isTerminateRefusal(error: unknown): boolean {
  return (
    isSqlState(error, SQLSTATE.INSUFFICIENT_PRIVILEGE) &&
    error instanceof Error &&
    /permission denied to terminate process/.test(error.message)
  );
}
