/** Resource Manager or the name server could not be asked: nothing is known about the edge. */
export class EdgeUnreachableError extends Error {
  override readonly name = "EdgeUnreachableError";
  /** What was asked: a URL or `host:port`. */
  readonly asked: string;

  constructor(asked: string, reason: string) {
    super(`${asked}: ${reason}`);
    this.asked = asked;
  }
}

/** Resource Manager answered and refused, e.g. a domain that is still CNAMEd (FAULTS F42). */
export class EdgeRefusedError extends Error {
  override readonly name = "EdgeRefusedError";
  readonly statusCode: number;

  constructor(asked: string, statusCode: number, reason: string) {
    super(`${asked}: HTTP ${statusCode}, ${reason}`);
    this.statusCode = statusCode;
  }
}

/** Turns an SDK error into one of ours. */
export function explainArm(armUrl: string, error: unknown): Error {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const reason = error instanceof Error ? error.message : String(error);
  if (typeof status !== "number" || status === 429 || status >= 500) {
    return new EdgeUnreachableError(armUrl, reason);
  }
  return new EdgeRefusedError(armUrl, status, reason);
}
