/** How a code ends a process and an HTTP request. */
export interface CodeRow {
  /** 0 done, 1 failed, 2 wrong use or entry, 3 refused by a guard, 4 pending, 5 locked. */
  readonly exitCode: 1 | 2 | 3 | 4 | 5;
  readonly httpStatus: 202 | 400 | 409 | 500 | 503;
}

const WRONG_INPUT = { exitCode: 2, httpStatus: 400 } as const;
const REFUSED = { exitCode: 3, httpStatus: 409 } as const;
const UNAVAILABLE = { exitCode: 1, httpStatus: 503 } as const;
const FAILED = { exitCode: 1, httpStatus: 500 } as const;

/** Every code the product can answer with (PRODUCT.md, "Codes"). */
export const CODES = {
  E_INVALID_SLUG: WRONG_INPUT,
  E_RESERVED_SLUG: WRONG_INPUT,
  E_INVALID_ENTRY: WRONG_INPUT,
  E_NO_CONFIG: WRONG_INPUT,
  E_NOT_SUPPORTED: WRONG_INPUT,
  E_ALREADY_PROVISIONED: REFUSED,
  E_PARTIAL_STATE: REFUSED,
  E_NO_CAPACITY: REFUSED,
  E_DB_SERVER_NOT_FOUND: REFUSED,
  E_ADMIN_CONN_UNRESOLVED: UNAVAILABLE,
  PROVISIONING_UNAVAILABLE: UNAVAILABLE,
  E_UNREACHABLE: UNAVAILABLE,
  E_MIGRATIONS_FAILED: FAILED,
  E_SECRET_MISMATCH: FAILED,
  E_BACKUP_FAILED: FAILED,
  E_ILLEGAL_TRANSITION: REFUSED,
  E_RETENTION: REFUSED,
  E_HOLD: REFUSED,
  E_IMMUTABLE: REFUSED,
  E_CHECKSUM_CHANGED: REFUSED,
  E_MIGRATION_REMOVED: REFUSED,
  E_ENTRY_REMOVED: REFUSED,
  E_TOO_MANY_DELETES: REFUSED,
  E_CONFIRM: REFUSED,
  E_WRONG_ENVIRONMENT: REFUSED,
  E_PLATFORM_IN_USE: REFUSED,
  E_STATE: REFUSED,
  E_EDGE_PENDING: { exitCode: 4, httpStatus: 202 },
  E_LOCKED: { exitCode: 5, httpStatus: 409 },
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof CODES;

/** What an error can carry beside its message. */
export interface ErrorExtras {
  /** What to do, one or two sentences. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Something the user can fix: shown as code, message and hint, without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly code: ErrorCode;
  /** What to do; undefined when the message says it already. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.hint = extras.hint;
  }
}

/** A defect of tenantry: shown with its stack. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** The process's exit code for a code. */
export function exitCodeOf(code: ErrorCode): CodeRow["exitCode"] {
  return CODES[code].exitCode;
}

/** The HTTP status for a code. */
export function httpStatusOf(code: ErrorCode): CodeRow["httpStatus"] {
  return CODES[code].httpStatus;
}

/** Whether a text read from elsewhere (a log line, a gRPC message, a row of master) is one of our codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CODES, text);
}

/** What the tenant's own content causes: a first provisioning that ends in one is undone (PRODUCT.md). */
const CONTENT_CODES: readonly ErrorCode[] = [
  "E_MIGRATIONS_FAILED",
  "E_CHECKSUM_CHANGED",
  "E_MIGRATION_REMOVED",
  "E_NO_CAPACITY",
  "E_DB_SERVER_NOT_FOUND",
  "E_PARTIAL_STATE",
  "E_ADMIN_CONN_UNRESOLVED",
];

export function isContentError(error: unknown): error is UserError {
  return error instanceof UserError && CONTENT_CODES.includes(error.code);
}

/** The error of a room that may not import this one and says the same: `code` of ours, message and hint. */
export function toUserError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const { code, hint } = error as { readonly code?: unknown; readonly hint?: unknown };
  if (typeof code !== "string" || !isErrorCode(code)) return error;
  return new UserError(code, error.message, { cause: error, ...(typeof hint === "string" ? { hint } : {}) });
}
