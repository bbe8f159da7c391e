/** Exit code of a wrong call: nothing was touched. */
export const EXIT_USAGE = 2;

/** A command line that says nothing, or two things at once. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
