import { exitCodeOf, InternalError, toUserError, UserError } from "../tenant/errors.ts";
import { fitText } from "./render/wrap.ts";
import { EXIT_USAGE, UsageError } from "./usage.ts";
import type { CliIo } from "./verb.ts";

/** Exit code of our own defects and of everything without a code of its own. */
const EXIT_FAILED = 1;

/** Words an error for a person (or, with `--json`, one object a line) and answers the exit code. */
export function reportFailure(failure: unknown, io: CliIo, isJson: boolean): number {
  const error = toUserError(failure);
  if (error instanceof UserError) {
    if (isJson)
      io.err(
        `${JSON.stringify({ error: { code: error.code, message: error.message, hint: error.hint } })}\n`,
      );
    else {
      const hint = error.hint === undefined ? "" : `  ${error.hint}\n`;
      io.err(fitText(`${error.code}: ${error.message}\n${hint}`, io));
    }
    return exitCodeOf(error.code);
  }
  if (error instanceof UsageError) {
    io.err(
      isJson
        ? `${JSON.stringify({ error: { code: "USAGE", message: error.message } })}\n`
        : `error: ${error.message}\n  \`tenantry --help\` shows the verbs and their options.\n`,
    );
    return EXIT_USAGE;
  }
  // By name: importing its class would load Pulumi's SDK for `--help`.
  if (error instanceof Error && error.name === "RunFailedError") {
    io.err(
      isJson
        ? `${JSON.stringify({ error: { code: "FAILED", message: error.message } })}\n`
        : `failed: ${error.message}\n`,
    );
    return EXIT_FAILED;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const kind = error instanceof InternalError ? "InternalError" : "unexpected error";
  io.err(
    isJson
      ? `${JSON.stringify({ error: { code: "INTERNAL", message: text } })}\n`
      : `${kind}, a defect of tenantry (Node ${process.version}):\n${text}\n`,
  );
  return EXIT_FAILED;
}
