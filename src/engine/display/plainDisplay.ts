import type { Diagnostic, Summary } from "../events.ts";
import type { Step, StepOp } from "../step.ts";
import {
  configLines,
  type Display,
  type DisplayOptions,
  isRootStack,
  labelOf,
  type Output,
  showDiagnostic,
} from "./display.ts";
import { propertyLines } from "./propertyPrinter.ts";

/** Past tense and sign of each operation in progress lines. */
const WORDS: Readonly<Partial<Record<StepOp, readonly [sign: string, done: string]>>> = {
  create: ["+", "created"],
  update: ["~", "updated"],
  delete: ["-", "deleted"],
  replace: ["+-", "replaced"],
  "create-replacement": ["++", "created replacement"],
  "delete-replaced": ["--", "deleted original"],
  read: [">", "read"],
  "read-replacement": [">>", "read replacement"],
  refresh: ["~", "refreshed"],
  import: ["=", "imported"],
  discard: ["<", "discarded"],
  "discard-replaced": ["<<", "discarded original"],
};

/** A line for each step, without values, and the stack's outputs. */
export class PlainDisplay implements Display {
  readonly #output: Output;
  readonly #options: DisplayOptions;
  #outputs = "";

  constructor(output: Output, options: DisplayOptions) {
    this.#output = output;
    this.#options = options;
  }

  prelude(config: Readonly<Record<string, string>>): void {
    if (this.#options.showsConfig) this.#output.out(configLines(config));
  }

  after(step: Step): void {
    this.outputs(step);
    const { isQuiet, showsSames, preview } = this.#options;
    const isSame = step.op === "same" || step.found === "same";
    if (isQuiet || (isSame && !showsSames)) return;
    const [sign, done] = WORDS[step.op] ?? [" ", "unchanged"];
    const verb = isSame
      ? "unchanged"
      : preview
        ? `will be ${done}`
        : step.found === "delete"
          ? "is gone"
          : done;
    this.#output.out(` ${isSame ? " " : sign} ${labelOf(step.urn, this.#options)} ${verb}\n`);
  }

  failed(step: Step): void {
    this.#output.out(` !  ${labelOf(step.urn, this.#options)} ${step.op} failed\n`);
  }

  /** Those that the stack has, until its program tells others. */
  outputs(step: Step): void {
    if (!isRootStack(step) || this.#options.hidesOutputs) return;
    this.#outputs = propertyLines(step.after?.outputs ?? {}, this.#options, 1).join("");
  }

  diagnostic(diagnostic: Diagnostic): void {
    const { urn } = diagnostic;
    showDiagnostic(this.#output, diagnostic, urn === "" ? "" : labelOf(urn, this.#options));
  }

  summary({ resourceChanges }: Summary): void {
    if (this.#outputs !== "") this.#output.out(`Outputs:\n${this.#outputs}`);
    const counts = Object.entries(resourceChanges).map(([op, count]) => `${count} ${op}`);
    this.#output.out(`Resources: ${counts.length === 0 ? "none" : counts.join(", ")}\n`);
  }
}
