import type { Diagnostic, Summary } from "../events.ts";
import type { Step, StepOp } from "../step.ts";
import { nameOfUrn, ROOT_STACK_TYPE, typeOfUrn } from "../urn.ts";

/** What is shown of a run. All displays see the same things happen; each leaves out what it has nothing to say about. */
export interface Display {
  /** Config by `namespace:key`, secrets blinded. */
  prelude?(config: Readonly<Record<string, string>>): void;
  before?(step: Step): void;
  after?(step: Step): void;
  failed?(step: Step): void;
  /** A component, such as the stack, has told its outputs. */
  outputs?(step: Step): void;
  diagnostic?(diagnostic: Diagnostic): void;
  summary?(summary: Summary): void;
}

/** Where a run's lines go: progress to stdout, diagnostics to stderr. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** How much a run prints. */
export interface DisplayOptions {
  readonly preview: boolean;
  /** No line for each step: `--suppress-progress`. */
  readonly isQuiet: boolean;
  readonly showsSames: boolean;
  readonly showsSecrets: boolean;
  readonly showsConfig: boolean;
  /** Also the creates and deletes that a replacement is made of. */
  readonly showsReplacementSteps: boolean;
  readonly showsUrns: boolean;
  readonly hidesOutputs: boolean;
  /** Long values are cut. */
  readonly isTruncating: boolean;
}

export function displayOptions(flags: ReadonlyMap<string, string>, preview: boolean): DisplayOptions {
  return {
    preview,
    isQuiet: flags.has("--suppress-progress"),
    showsSames: flags.has("--show-sames"),
    showsSecrets: flags.has("--show-secrets"),
    showsConfig: flags.has("--show-config"),
    showsReplacementSteps: flags.has("--show-replacement-steps"),
    showsUrns: flags.has("--urns"),
    hidesOutputs: flags.has("--suppress-outputs"),
    isTruncating: flags.get("--show-full-output") === "false",
  };
}

/** What a step turned out to be: a refresh is shown as what it found. */
export function shownOp(step: Step): StepOp {
  return step.found ?? step.op;
}

export function isRootStack({ urn }: Step): boolean {
  return typeOfUrn(urn) === ROOT_STACK_TYPE;
}

/** Whether a display of details tells a step: not without a change, and a replacement once. */
export function isShown(step: Step, { showsSames, showsReplacementSteps }: DisplayOptions): boolean {
  const op = shownOp(step);
  if (op === "same") return showsSames || step.old?.protect !== step.after?.protect;
  return showsReplacementSteps || !REPLACEMENT_PARTS.includes(op);
}

/** Parts of a replacement, beside the `replace` that stands for them. */
const REPLACEMENT_PARTS: readonly StepOp[] = [
  "create-replacement",
  "delete-replaced",
  "read-replacement",
  "discard-replaced",
  "import-replacement",
];

/** A resource in a line of its own. */
export function labelOf(urn: string, { showsUrns }: Pick<DisplayOptions, "showsUrns">): string {
  return showsUrns ? urn : `${typeOfUrn(urn)} ${nameOfUrn(urn)}`;
}

/** The lines of `--show-config`. */
export function configLines(config: Readonly<Record<string, string>>): string {
  const keys = Object.keys(config).sort();
  return `Configuration:\n${keys.map((key) => `    ${key}: ${config[key]}\n`).join("")}`;
}

/** Diagnostics go to stderr, but for what a program says by the way. */
export function showDiagnostic(output: Output, { severity, message }: Diagnostic, label: string): void {
  const line = `${severity}: ${label === "" ? "" : `${label}: `}${message}`;
  if (severity === "info") output.out(line);
  else output.err(line);
}
