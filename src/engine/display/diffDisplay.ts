import type { Diagnostic, Summary } from "../events.ts";
import type { ResourceState } from "../state.ts";
import { type Step, type StepOp, subjectOf } from "../step.ts";
import type { PropertyMap } from "../value.ts";
import {
  configLines,
  type Display,
  type DisplayOptions,
  isRootStack,
  isShown,
  labelOf,
  type Output,
  showDiagnostic,
  shownOp,
} from "./display.ts";
import { type Changes, detailedChanges, diffMaps, isEmpty } from "./objectDiff.ts";
import { changeLines, propertyLines } from "./propertyPrinter.ts";
import { summaryText } from "./summaryText.ts";

/** The two columns before a resource. */
const SIGNS: Readonly<Partial<Record<StepOp, string>>> = {
  create: "+ ",
  update: "~ ",
  refresh: "~ ",
  delete: "- ",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  read: "> ",
  "read-replacement": ">>",
  import: "= ",
  "import-replacement": "=>",
  discard: "< ",
  "discard-replaced": "<<",
};

/** Operations whose effect on a resource that stays isn't kept. */
const RETAINING: readonly StepOp[] = ["delete", "replace", "create-replacement", "delete-replaced"];

/** `--diff`: every change with its values, as the official CLI prints it. Secrets and what isn't known yet have words of their own. */
export class DiffDisplay implements Display {
  readonly #output: Output;
  readonly #options: DisplayOptions;
  readonly #seen = new Map<string, Step>();
  #errors = 0;

  constructor(output: Output, options: DisplayOptions) {
    this.#output = output;
    this.#options = options;
  }

  prelude(config: Readonly<Record<string, string>>): void {
    if (this.#options.showsConfig) this.#output.out(configLines(config));
  }

  before(step: Step): void {
    this.#seen.set(step.urn, step);
    if (step.op === "refresh" || step.op === "import" || !this.#isTold(step)) return;
    this.#output.out(this.#header(step) + this.#details(step).join(""));
  }

  #isTold(step: Step): boolean {
    return isShown(step, this.#options) || isRootStack(step);
  }

  after(step: Step): void {
    if (!this.#isTold(step)) return;
    const op = shownOp(step);
    if (op === "import" || (step.op === "refresh" && op === "update")) {
      this.#output.out(this.#header(step) + this.#details(step).join(""));
    } else if (step.op === "refresh") this.#output.out(this.#header(step));
    else if (!isRootStack(step) || this.#options.showsSames) this.#showOutputs(step);
  }

  outputs(step: Step): void {
    if (this.#isTold(step)) this.#showOutputs(step);
  }

  /** Outputs that a run has made; in a preview only those of the stack are known, and of what is read. */
  #showOutputs(step: Step): void {
    const { preview, hidesOutputs, showsSames } = this.#options;
    const { old, after } = step;
    const isKnown = !preview || isRootStack(step) || step.op.startsWith("read");
    if (hidesOutputs || !isKnown || after === undefined) return;
    const indent = this.#indentOf(step) + 1;
    const tellsSames = showsSames || (isRootStack(step) && !preview);
    const lines =
      old === undefined
        ? propertyLines(differing(after.outputs, after.inputs), this.#options, indent)
        : changeLines(diffMaps(old.outputs, after.outputs), this.#options, indent, tellsSames);
    if (lines.length === 0) return;
    this.#output.out(`${"    ".repeat(indent)}--outputs:--\n${lines.join("")}`);
  }

  failed(_step: Step): void {
    this.#errors += 1;
  }

  diagnostic(diagnostic: Diagnostic): void {
    const { urn } = diagnostic;
    showDiagnostic(this.#output, diagnostic, urn === "" ? "" : labelOf(urn, this.#options));
  }

  summary(summary: Summary): void {
    this.#output.out(summaryText(summary, this.#errors));
  }

  #indentOf(step: Step): number {
    let indent = 0;
    for (let urn = subjectOf(step).parent; urn !== ""; ) {
      const parent = this.#seen.get(urn);
      if (parent === undefined) break;
      if (this.#isTold(parent)) indent += 1;
      urn = subjectOf(parent).parent;
    }
    return indent;
  }

  /** A resource's line, then what tells it from others. */
  #header(step: Step): string {
    const { old, after, urn } = step;
    const op = shownOp(step);
    const { showsUrns } = this.#options;
    const indent = "    ".repeat(this.#indentOf(step));
    const suffix = old?.retainOnDelete && RETAINING.includes(op) ? "[retain]" : "";
    const lock =
      old?.protect && after?.protect === false ? " 🔓" : old?.protect || after?.protect ? " 🔒" : "";
    const title = showsUrns ? urn : subjectOf(step).type;
    const facts = [
      ...(old?.id ? [`[id=${old.id}]`] : []),
      ...(showsUrns ? [] : [`[urn=${urn}]`]),
      ...providerFact(step),
    ];
    const lines = facts.map((fact) => `${indent}    ${fact}\n`).join("");
    return `${indent}${SIGNS[op] ?? "  "}${title}: (${op}${suffix})${lock}\n${lines}`;
  }

  #details(step: Step): readonly string[] {
    const op = shownOp(step);
    if (op === "same") return [];
    const { old, after } = step;
    const indent = this.#indentOf(step) + 1;
    if (old === undefined && after !== undefined) return propertyLines(made(after), this.#options, indent);
    if (old === undefined || after === undefined)
      return propertyLines(old?.inputs ?? {}, this.#options, indent, SIGNS[op]);
    const changes = changesOf(step, old, after);
    if (isEmpty(changes)) return propertyLines(after.inputs, this.#options, indent);
    return changeLines(changes, this.#options, indent, true);
  }
}

function providerFact({ old, after }: Step): readonly string[] {
  const [before, now] = [old?.provider ?? "", after?.provider ?? old?.provider ?? ""];
  if (now === "") return [];
  return before !== "" && before !== now ? [`[provider: ${before} => ${now}]`] : [`[provider=${now}]`];
}

function made({ outputs, inputs }: ResourceState): PropertyMap {
  return Object.keys(outputs).length > 0 ? outputs : inputs;
}

/** What the provider said in detail, else what differs between the outputs, or between the inputs. */
function changesOf(step: Step, old: ResourceState, after: ResourceState): Changes {
  const isRefresh = step.op === "refresh";
  if (step.detailedDiff !== undefined) {
    const { inputs: oldInputs, outputs: oldOutputs } = old;
    const { inputs: newInputs, outputs: newOutputs } = after;
    return detailedChanges(step.detailedDiff, { oldInputs, oldOutputs, newInputs, newOutputs, isRefresh });
  }
  const hasOutputs = Object.keys(after.outputs).length > 0 && step.op !== "import";
  if (hasOutputs) return diffMaps(old.outputs, after.outputs);
  const changes = diffMaps(old.inputs, after.inputs);
  if (step.diffs.length === 0) return changes;
  for (const part of [changes.adds, changes.deletes, changes.updates, changes.sames])
    for (const key of part.keys()) if (!step.diffs.includes(String(key))) part.delete(key);
  return changes;
}

/** The outputs that aren't inputs as well. */
function differing(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const { adds, updates } = diffMaps(inputs, outputs);
  const keys = new Set([...adds.keys(), ...updates.keys()].map(String));
  return Object.fromEntries(Object.entries(outputs).filter(([key]) => keys.has(key)));
}
