/** Exit code of a command, flag, option or call that this engine refuses by name, and of a wrong command line. */
export const REFUSED_EXIT_CODE = 2;

/** Exit code of a run that failed, as the official CLI's. */
export const FAILED_EXIT_CODE = 255;

/** Ends a command with a text for stderr and an exit code; its text is what the Automation API matches. */
export class EngineError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = FAILED_EXIT_CODE, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EngineError";
    this.exitCode = exitCode;
  }
}

/** Something the official engine does and this one doesn't; `what` names it. */
export function refuse(what: string): EngineError {
  return new EngineError(
    `the embedded engine does not support ${what}. Run it with the official CLI (\`--engine official\`).`,
    REFUSED_EXIT_CODE,
  );
}

/** A command line that can't be meant: nothing was touched. */
export function misuse(message: string): EngineError {
  return new EngineError(message, REFUSED_EXIT_CODE);
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error is a refusal or was caused by one. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof EngineError && error.exitCode === REFUSED_EXIT_CODE) return true;
  return error instanceof Error && error.cause !== undefined && isRefusal(error.cause);
}

/** A file that could not be written: which, why (a full disk names no path), and what that means. */
export function unwritable(what: string, path: string, error: unknown, meaning: string): EngineError {
  return new EngineError(
    `the ${what} '${path}' could not be written: ${messageOf(error)}. ${meaning}`,
    undefined,
    error,
  );
}
