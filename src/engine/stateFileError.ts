import { EngineError, messageOf } from "./errors.ts";

/** A state file that must not be used: its text names the file, what is wrong and, when it is known, a good copy. */
export class StateFileError extends EngineError {
  readonly path: string;
  /** What is wrong, after the file's name: `is damaged: it is empty`. */
  readonly problem: string;

  /** `copy` says where a good copy lies, or that there is none. */
  constructor(path: string, problem: string, copy = "", cause?: unknown) {
    super(`the state file '${path}' ${problem}. Nothing was changed${copy}.`, undefined, cause);
    this.name = "StateFileError";
    this.path = path;
    this.problem = problem;
  }
}

/** A state file whose content is no state, for the reason given. */
export function damaged(path: string, reason: string, cause?: unknown): StateFileError {
  return new StateFileError(path, `is damaged: ${oneLine(reason)}`, "", cause);
}

/** A state file that the file system doesn't give out. */
export function unreadable(path: string, error: unknown): StateFileError {
  return new StateFileError(path, `can't be read: ${oneLine(messageOf(error))}`, "", error);
}

/** What parsers quote of a torn file may hold line ends and control characters. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, " ").replace(/\.$/, "");
}
