import { type ErrorCode, UserError } from "./errors.ts";

/** Where something is written. Without line and column it is about the file (or source) as a whole. */
export interface Place {
  /** Path relative to the project's root, or what else names the source. */
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column?: number;
}

/** Keys and indexes that lead to a value. */
export type ValuePath = readonly (string | number)[];

/** One thing that is wrong in what a user wrote. */
export interface Problem {
  readonly code: ErrorCode;
  readonly place: Place;
  /** The field, empty for the whole file. */
  readonly path: ValuePath;
  /** What was expected and what was got; one sentence with its full stop. */
  readonly text: string;
}

/** Every problem of one reading at once, sorted by place; the message has one line for each. */
export class ProblemsError extends UserError {
  override readonly name = "ProblemsError";
  readonly problems: readonly Problem[];

  /** Its code is the problems' own when they share one (beside `E_NOT_SUPPORTED`), else `E_INVALID_ENTRY`. */
  constructor(problems: readonly Problem[], hint?: string) {
    const sorted = sortProblems(problems);
    super(commonCode(sorted), formatProblems(sorted), hint === undefined ? {} : { hint });
    this.problems = sorted;
  }
}

/** Throws all problems as one error; returns when there are none. */
export function refuseProblems(problems: readonly Problem[], hint?: string): void {
  if (problems.length > 0) throw new ProblemsError(problems, hint);
}

/** By file, line, column; equal places keep their order. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compareText(a.place.file, b.place.file) ||
      (a.place.line ?? 0) - (b.place.line ?? 0) ||
      (a.place.column ?? 0) - (b.place.column ?? 0),
  );
}

/** `tenants/acme.yaml:7:7 'plan': expected …; got …` */
export function formatProblem({ place, path, text }: Problem): string {
  const position = place.line === undefined ? "" : `:${place.line}:${place.column ?? 1}`;
  const field = path.length === 0 ? "" : ` '${formatPath(path)}'`;
  return `${place.file}${position}${field}: ${text}`;
}

/** One line a problem; lines name their code when the codes differ. */
export function formatProblems(problems: readonly Problem[]): string {
  const isMixed = new Set(problems.map(({ code }) => code)).size > 1;
  return problems
    .map((problem) => `${formatProblem(problem)}${isMixed ? ` [${problem.code}]` : ""}`)
    .join("\n");
}

/** `servers[0].name`; control characters in a key are shown escaped. */
export function formatPath(path: ValuePath): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${visible(part)}`,
    )
    .join("");
}

/** The sentence most problems are. */
export function expectedGot(expected: string, got: string): string {
  return `expected ${expected}; got ${got}.`;
}

/** `'a', 'b' or 'c'` */
export function orList(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  const last = quoted.pop() ?? "nothing";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}

/** The text on one line: what has no shape of its own (controls, bidi, line ends) as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function commonCode(problems: readonly Problem[]): ErrorCode {
  const codes = new Set(problems.map(({ code }) => code));
  if (codes.size > 1) codes.delete("E_NOT_SUPPORTED");
  const [first] = codes;
  return codes.size === 1 && first !== undefined ? first : "E_INVALID_ENTRY";
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
