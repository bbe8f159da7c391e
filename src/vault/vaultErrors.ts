/** The vault could not be asked (no connection, no token, throttled past all patience, 5xx): nothing is known. */
export class VaultUnreachableError extends Error {
  override readonly name = "VaultUnreachableError";
  /** Data-plane URL that was asked. */
  readonly vaultUrl: string;

  constructor(vaultUrl: string, reason: string) {
    super(`Key Vault ${vaultUrl}: ${reason}`);
    this.vaultUrl = vaultUrl;
  }
}

/** The vault answered and refused: the caller's identity may not, or the request is wrong. */
export class VaultRefusedError extends Error {
  override readonly name = "VaultRefusedError";
  readonly vaultUrl: string;
  readonly statusCode: number;

  constructor(vaultUrl: string, statusCode: number, reason: string) {
    super(`Key Vault ${vaultUrl}: ${reason}`);
    this.vaultUrl = vaultUrl;
    this.statusCode = statusCode;
  }
}

/** Why a name can't be written right now (Azure's own words for it). */
export type ConflictReason =
  | "ObjectIsDeletedButRecoverable"
  | "ObjectIsBeingRecovered"
  | "ObjectIsBeingDeleted";

const CONFLICTS: readonly ConflictReason[] = [
  "ObjectIsDeletedButRecoverable",
  "ObjectIsBeingRecovered",
  "ObjectIsBeingDeleted",
];

/** HTTP status of an SDK error; undefined when there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** The named 409 of Key Vault, which the SDK shows only inside the message or the body. */
export function conflictOf(error: unknown): ConflictReason | undefined {
  if (statusOf(error) !== 409) return undefined;
  const text = `${String((error as Error).message)} ${bodyOf(error)}`;
  const named = CONFLICTS.find((reason) => text.includes(reason));
  if (named !== undefined) return named;
  return /deleted but recoverable/i.test(text) ? "ObjectIsDeletedButRecoverable" : undefined;
}

/** Turns an SDK error into one of ours; its text names the vault (for a 403 also who asked for what) and never a value. */
export function explainVault(vaultUrl: string, error: unknown): Error {
  const status = statusOf(error);
  if (status === undefined || status === 429 || status >= 500) {
    return new VaultUnreachableError(vaultUrl, reasonOf(error, status));
  }
  return new VaultRefusedError(vaultUrl, status, reasonOf(error, status));
}

function reasonOf(error: unknown, status: number | undefined): string {
  const lines = (error instanceof Error ? error.message : String(error)).split(/\s*\n\s*/);
  // Only a refusal for want of a role says more than its first line.
  const text = status === 403 ? lines.join(" ").trim() : (lines[0] ?? "");
  return status === undefined ? text : `HTTP ${status}, ${text}`;
}

function bodyOf(error: unknown): string {
  const response = (error as { response?: { bodyAsText?: unknown; parsedBody?: unknown } }).response;
  if (typeof response?.bodyAsText === "string") return response.bodyAsText;
  const details = (error as { details?: unknown }).details ?? response?.parsedBody;
  return details === undefined ? "" : JSON.stringify(details);
}
