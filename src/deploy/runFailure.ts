import { CommandError, ConcurrentUpdateError, StackNotFoundError } from "@pulumi/pulumi/automation/index.js";
import { type ErrorCode, isErrorCode, UserError } from "../tenant/errors.ts";
import { notAllowedIn } from "../tenant/notAllowed.ts";
import { unusableState } from "./checkpointFile.ts";
import { commandResultOf } from "./commandRun.ts";
import type { Diagnostic } from "./deployEvents.ts";
import { LOCAL } from "./engineChoice.ts";
import { redactText } from "./redact.ts";

/** A run that failed for a reason that has no code: a resource of Azure refused, a plugin is missing. */
export class RunFailedError extends Error {
  override readonly name = "RunFailedError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[], cause: unknown) {
    super(message, { cause });
    this.diagnostics = diagnostics;
  }
}

/** What a failed run is about. */
export interface FailedRun {
  readonly stack: string;
  readonly environment: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** A code of ours, then its message up to the next blank line, then perhaps an indented hint, which is no line of a stack. */
const CODED =
  /\b((?:E_[A-Z_]+)|PROVISIONING_UNAVAILABLE): ([^\n]*(?:\n(?!\s*\n| {2,}\S)[^\n]+)*)(?:\n {2,}(?!at )(\S[^\n]*))?/;

/** Gives an engine's failure our code and words: programs and providers write `E_…: message` into their errors. */
export function explainRunFailure(error: unknown, run: FailedRun): Error {
  if (error instanceof UserError) return error;
  const text = redactText(error instanceof Error ? error.message : String(error));
  const errors = run.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  const coded = [...errors, text].map(findCoded).find((found) => found !== undefined);
  if (coded !== undefined)
    return new UserError(coded.code, coded.message, { ...hintOf(coded.hint), cause: error });
  if (error instanceof ConcurrentUpdateError) return lockedByOther(run.stack, text, error);
  const known = knownFailure([...errors, text].join("\n"), run, error);
  if (known !== undefined) return known;
  return new RunFailedError(errors.at(0) ?? wordsOf(error, text), run.diagnostics, error);
}

/** What a failed command said on stderr: its own message repeats all of stdout. */
function wordsOf(error: unknown, text: string): string {
  if (!(error instanceof CommandError)) return text;
  const { code, stderr } = commandResultOf(error);
  const words = redactText(stderr).trim();
  return words === "" ? `the engine ended with code ${code} before it said why.` : words;
}

interface Coded {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** The first of our codes in a text, with its message and hint. */
export function findCoded(text: string): Coded | undefined {
  const match = CODED.exec(text);
  const [, code = "", message = "", hint] = match ?? [];
  if (!isErrorCode(code)) return undefined;
  return { code, message: message.trim().replace(CHECK_TRAILER, "."), ...hintOf(hint) };
}

/** What Pulumi adds to the reason of a check that failed: the reason names the field in the entry's own words. */
const CHECK_TRAILER = /\.?\. Examine values at '[^']*'\.$/;

function knownFailure(text: string, run: FailedRun, cause: unknown): UserError | undefined {
  const denied = notAllowedIn(text, cause);
  if (denied !== undefined) return denied;
  if (text.includes("unknown stack") || cause instanceof StackNotFoundError) {
    const platform = run.environment;
    return new UserError(
      "E_UNREACHABLE",
      `environment '${platform}' has no platform stack '${platform}' yet.`,
      {
        hint: `\`tenantry up --platform --env ${platform}\` makes it.`,
        cause,
      },
    );
  }
  const [, path, problem, copy] = UNUSABLE.exec(text) ?? [];
  return path === undefined || problem === undefined ? undefined : unusableState(path, problem, copy, cause);
}

/** What the embedded engine says of a state file that it must not use. */
const UNUSABLE = /the state file '([^']+)' (.*?)\. Nothing was changed(?:; the last good copy is '([^']+)')?/;

/** Whether the engine refused a delete because the program or state protects the resource. */
export function isProtectedRefusal(error: unknown, diagnostics: readonly Diagnostic[]): boolean {
  const texts = [...diagnostics.map(({ message }) => message), error instanceof Error ? error.message : ""];
  return texts.some((text) => /cannot be (?:deleted|replaced)\s+because it is protected/.test(text));
}

/** The same in our words: a tenant's Registration and the platform's data are protected. */
export function protectedRefusal(stack: string, status: string | undefined, cause: unknown): UserError {
  if (status === "deleted") {
    return new UserError("E_RETENTION", `stack '${stack}': the tenant is deleted and its retention runs.`, {
      hint: "Wait until retention is over, or confirm with `purge: <slug>` in its entry, run `up`, then destroy.",
      cause,
    });
  }
  if (status === undefined) {
    return new UserError(
      "E_ILLEGAL_TRANSITION",
      `stack '${stack}' holds protected data; nothing was deleted.`,
      {
        hint:
          stack === LOCAL
            ? "`tenantry local reset` removes the whole local cloud with its data."
            : `\`tenantry pulumi -- state unprotect --all -s ${stack}\` gives it free for the next destroy.`,
        cause,
      },
    );
  }
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `stack '${stack}': the tenant is ${status}; nothing was deleted.`,
    {
      hint: "Set `status: deleted` in its entry and run `up`; it can be destroyed once retention is over or `purge` confirms it.",
      cause,
    },
  );
}

/** The platform's data are protected too; who still lives on it says more. */
export function platformInUse(environment: string, slugs: readonly string[], cause: unknown): UserError {
  const names = slugs.map((slug) => `'${slug}'`).join(", ");
  return new UserError(
    "E_PLATFORM_IN_USE",
    `platform '${environment}' holds ${slugs.length} tenant(s): ${names}; expected none. Nothing was deleted.`,
    { hint: "Delete and purge them first.", cause },
  );
}

function lockedByOther(stack: string, text: string, cause: unknown): UserError {
  const owner = /created by (\S+) \(pid (\d+)\) at (\S+)/.exec(text);
  const who = owner === null ? "another run" : `${owner[1]} (pid ${owner[2]}) since ${owner[3]}`;
  return new UserError("E_LOCKED", `stack '${stack}' is held by ${who}.`, { hint: LOCK_HINT, cause });
}

/** What to do about a lock. */
export const LOCK_HINT = "`--wait` waits until it is free.";

function hintOf(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}
